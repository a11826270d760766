"""`python -m workers.boilerplate.months`: write data/months.json, the names of months in CLDR by language.

Reading them from babel at run time would load 60 locales (0.5 s); the table is part of the project instead, and this
is how it was made.
"""

import json
from pathlib import Path
from typing import Final

from babel import Locale, localedata

LOCALES: Final = (
    "af", "ar", "ar_DZ", "ar_LB", "ar_MA", "az", "be", "bg", "bn", "bs", "ca", "ckb", "cs", "cy", "da", "de",
    "de_AT", "el", "en", "es", "et", "eu", "fa", "fi", "fil", "fr", "ga", "gl", "gu", "he", "hi", "hr", "hu", "hy",
    "id", "is", "it", "ka", "kk", "ku", "lt", "lv", "mk", "ml", "mr", "ms", "ne", "nl", "nb", "pa", "pl", "ps", "pt",
    "ro", "ru", "sd", "si", "sk", "sl", "so", "sq", "sr", "sr_Latn", "sv", "sw", "ta", "te", "th", "tr", "uk", "ur",
    "uz", "xh", "zu",
)  # fmt: skip
"""Languages of news pages whose dates carry names of months (Chinese, Japanese, Korean, Vietnamese write numbers)."""
_TARGET: Final = Path(__file__).parent / "data" / "months.json"


def names(locale: str) -> list[list[str]]:
    """The names and abbreviations of the twelve months, January first, each without the full stop, sorted.

    A locale's own are taken, not those of its root ("M01", or numbers).
    """
    localedata._cache.clear()  # noqa: SLF001  # Babel writes the forms of one locale into the root that all share
    data = Locale.parse(locale).months
    forms = [
        data[context][width] for context in ("format", "stand-alone") for width in ("wide", "abbreviated")
    ]
    return [
        sorted({form[month].rstrip(".") for form in forms if not any(map(str.isdigit, form[month]))})
        for month in range(1, 13)
    ]


def main() -> None:
    table: dict[str, list[list[str]]] = {}
    for locale in LOCALES:
        months = table.setdefault(locale.partition("_")[0].replace("nb", "no"), [[] for _ in range(12)])
        for known, more in zip(months, names(locale), strict=True):
            known += [name for name in more if name not in known]
    rows = [
        f'  "{language}": {json.dumps(["|".join(month) for month in months], ensure_ascii=False)}'
        for language, months in table.items()
    ]
    head = {
        "about": "Names of the months, January first, by language. Written by workers.boilerplate.months.",
        "source": "Unicode CLDR, by Babel",
        "licence": "Unicode-3.0",
    }
    lines = json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}")
    _TARGET.write_text(lines + ',\n "months": {\n' + ",\n".join(rows) + "\n }\n}\n", "utf-8")


if __name__ == "__main__":
    main()
