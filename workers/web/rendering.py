"""Templates to HTML: everything that is put into one is escaped and made harmless, unless it is HTML of our own."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from workers.web.markup import harmless, language, safe_link
from workers.web.words import Ui, words


def render(name: str, ui: Ui, values: Mapping[str, Any]) -> str:
    """The template as HTML in a language of the interface."""
    return _environment().get_template(name).render(ui=ui, t=words(ui), **values)


@cache
def _environment() -> Environment:
    """The templates of this package, compiled once in a process."""
    environment = Environment(
        loader=PackageLoader("workers.web"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "number": _number,
        "rate": _rate,
        "percent": _percent,
        "path": _path,
        "dict_query": _query,
        "link": safe_link,
        "prose": _prose,
        "moment": moment,
        "lang": _language,
        "mb": lambda size_bytes: f"{size_bytes / 1e6:,.1f}",
    }
    return environment


def moment(time: datetime | int | None) -> Markup:
    """A time (or milliseconds since 1970) as an element, in UTC, to the minute; empty for None.

    What no calendar here has, as a producer may write it, stands as it is.
    """
    if time is None:
        return Markup("")
    try:
        found = datetime.fromtimestamp(time // 1000, UTC) if isinstance(time, int) else time.astimezone(UTC)
    except (OverflowError, ValueError, OSError):
        return Markup('<bdi dir="ltr">{}</bdi>').format(time)
    return Markup('<time datetime="{}" dir="ltr">{}</time>').format(
        found.strftime("%Y-%m-%dT%H:%M:%SZ"), found.strftime("%Y-%m-%d %H:%M")
    )


_CODE: Final = re.compile(r"`([^`]+)`")


def _finalized(value: object) -> object:
    return harmless(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _number(value: float) -> str:
    return f"{value:,.0f}"


def _rate(value: float) -> str:
    return f"{value:.1f}" if 0 < value < 10 else f"{value:,.0f}"


def _percent(ratio: float) -> str:
    return f"{ratio:.1%}"


def _path(text: str) -> str:
    """The text as one part of a path, or as a value in a query."""
    return quote(harmless(text), safe="")


def _query(values: Mapping[str, str]) -> str:
    """The values as the beginning of a query, after which more follows."""
    return "".join(f"{name}={_path(value)}&" for name, value in values.items())


def _prose(text: str) -> Markup:
    """A sentence of our own; what stands between backticks is code, which goes from left to right."""
    return Markup(_CODE.sub(r'<code dir="ltr">\1</code>', str(escape(text))))  # noqa: S704 - escaped before


def _language(lang: str, *texts: str | None) -> Markup:
    """The attributes of an element with these texts in this language."""
    return Markup(language(lang, (text for text in texts if text)))  # noqa: S704 - tags of BCP 47 and rtl, ltr
