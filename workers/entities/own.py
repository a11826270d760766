"""A user's own entities: read from a TSV or JSON file, checked, and put before the lists that come with Khabar."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from schemas.tagged_article import Label
from workers.errors import ConfigError

ANY: Final = "*"
"""The column of names that are written so in every language."""
_ID: Final = re.compile(r"[^\s|]{1,200}")
_LANG: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*|\*")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_FIXED: Final = ("id", "label", "country")
_SHOWN: Final = 20
"""So many mistakes are told; a file of another kind has one in every line."""


@dataclass(frozen=True, slots=True)
class OwnEntity:
    """An entity with its names by language, the first of each being the one that is shown. Hashable."""

    id: str
    label: Label
    country: str | None
    names: tuple[tuple[str, tuple[str, ...]], ...]

    def of(self, lang: str) -> tuple[str, ...]:
        """Its names in a text of the language: the language's own, those of every language, English ones."""
        named = dict(self.names)
        return tuple(dict.fromkeys((*named.get(lang, ()), *named.get(ANY, ()), *named.get("en", ()))))

    @property
    def english(self) -> str | None:
        """The name that is shown in English."""
        return next(iter(dict(self.names).get("en", ())), None)


def read_own(path: Path) -> tuple[OwnEntity, ...]:
    """The entities in a file, JSON when its name ends so, else TSV. Raises ConfigError with every mistake and its place."""
    try:
        rows = list(_json_rows(path) if path.suffix == ".json" else _tsv_rows(path))
    except OSError as error:
        message = f"The list of your own entities cannot be read: {path}: {error.strerror or error}"
        raise ConfigError(message) from error
    mistakes: list[str] = []
    entities: list[OwnEntity] = []
    seen: dict[str, str] = {}
    for place, row in rows:
        found = list(_mistakes(row))
        if not found and (first := seen.setdefault(row["id"], place)) != place:
            found = [f"the id {row['id']} stands in {first} already"]
        mistakes += [f"  {place}: {mistake}" for mistake in found]
        if not found:
            entities.append(_entity(row))
    if mistakes:
        more = [f"  and {len(mistakes) - _SHOWN} more"] if len(mistakes) > _SHOWN else []
        raise ConfigError("\n".join([f"{path} is no list of entities:", *mistakes[:_SHOWN], *more]))
    return tuple(entities)


def _tsv_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(line, fields) of a table whose first line names the columns: id, label, country, and a language each."""
    text = _decoded(path, path.read_bytes())
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.startswith("#")
    ]
    if not lines:
        message = f"{path} is empty: its first line names the columns, such as id, label, en, ar"
        raise ConfigError(message)
    cells = csv.reader((line for _, line in lines), delimiter="\t", quoting=csv.QUOTE_NONE)
    header = [name.strip() for name in next(cells)]
    if missing := [name for name in _FIXED[:2] if name not in header]:
        message = f"{path}, line {lines[0][0]}: no column {' and '.join(missing)}; tabs part columns"
        raise ConfigError(message)
    for (number, _), row in zip(lines[1:], cells, strict=True):
        fields = dict(zip(header, (cell.strip() for cell in row), strict=False))
        names = {lang: cell.split("|") for lang, cell in fields.items() if lang not in _FIXED and cell}
        extra = {"": ["a cell without a column"]} if len(row) > len(header) else {}
        yield f"line {number}", {name: fields.get(name, "") for name in _FIXED} | {"names": names | extra}


def _json_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, fields) of a list of objects."""
    try:
        listed = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        message = f"{path} is no JSON: {error}"
        raise ConfigError(message) from error
    if not isinstance(listed, list):
        message = (
            f"{path} is no list of entities: a JSON array of objects with id, label and names is expected"
        )
        raise ConfigError(message)
    for number, row in enumerate(listed, start=1):
        yield f"entity {number}", row if isinstance(row, dict) else {}


def _decoded(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        message = f"{path}, line {line}: not UTF-8"
        raise ConfigError(message) from error


def _mistakes(row: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the fields of an entity."""
    if not isinstance(row.get("id"), str) or not _ID.fullmatch(row["id"]):
        yield f"id {row.get('id')!r}: up to 200 characters without white space are expected"
    if row.get("label") not in set(Label):
        yield f"label {row.get('label')!r}: one of {', '.join(Label)} is expected"
    country = row.get("country")
    if country and not (isinstance(country, str) and _COUNTRY.fullmatch(country)):
        yield f"country {country!r}: a code of ISO 3166-1 such as EG is expected"
    names = row.get("names")
    if not isinstance(names, Mapping) or not names:
        yield "no names: a column, or a key of `names`, for each language is expected, * for all of them"
        return
    for lang, written in names.items():
        if not _LANG.fullmatch(lang):
            yield f"names in {lang!r}: a language such as ar, or * for all, is expected"
        elif not _is_names(written):
            yield f"names in {lang}: some text, or several parted by |, is expected"


def _is_names(written: object) -> bool:
    many = [written] if isinstance(written, str) else written
    return (
        isinstance(many, list) and bool(many) and all(isinstance(name, str) and name.strip() for name in many)
    )


def _entity(row: Mapping[str, Any]) -> OwnEntity:
    names = {
        lang: [written] if isinstance(written, str) else written for lang, written in row["names"].items()
    }
    return OwnEntity(
        row["id"],
        Label(row["label"]),
        row.get("country") or None,
        tuple((lang, _tidied(names[lang])) for lang in sorted(names)),
    )


def _tidied(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(" ".join(name.split()) for name in names))
