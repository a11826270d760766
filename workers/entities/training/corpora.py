"""Texts with marked entities to learn from and to be measured on: one JSON record a line, gzipped."""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson

Span = tuple[int, int, str]
"""Half-open in code points of the text, and the label."""

SOURCES: Final = {
    "ar": {"anercorp": "ar", "aqmar": "ar"},
    "en": {"wikigold": "en", "re3d": "en", "uner-en-ewt": "en", "wnut17": "en"},
    "ru": {"factrueval": "ru"},
    "fa": {"parstwiner": "fa"},
    "fr": {"europeana-fr": "fr"},
    "de": {"germeval14": "de"},
    "es": {"uner-pt-bosque": "pt", "wikigold": "en"},
    "pt": {"uner-pt-bosque": "pt"},
    "tr": {"turkishwiki": "tr"},
    "zh": {"uner-zh-gsdsimp": "zh"},
}
"""What the model of each language learns from, and in which language that is. Nothing Spanish is free to learn from."""
FOLDS: Final = 5
_WHOLE: Final = frozenset({"factrueval"})
"""Its records are articles."""
_REFERENCES: Final = frozenset({"re3d"})
_DETERMINER: Final = "the "
_PRONOUNS: Final = frozenset(
    ["i", "we", "he", "she", "they", "it", "you", "our", "my", "his", "her", "their", "this", "these"]
)
_TOGETHER: Final = 25
"""So many records that follow each other make a text: corpora hand out the sentences of an article one by one."""


@dataclass(frozen=True, slots=True)
class Text:
    """`text` with its entities. `records` are (id, start, end) of the records that it was put together from."""

    source: str
    text: str
    spans: tuple[Span, ...]
    records: tuple[tuple[str, int, int], ...]


def read(folder: Path, source: str) -> list[dict[str, Any]]:
    """The records of a source. Raises OSError or orjson.JSONDecodeError."""
    with gzip.open(folder / f"{source}.jsonl.gz", "rb") as file:
        return [orjson.loads(line) for line in file]


def texts(records: Sequence[dict[str, Any]], source: str, *, as_marked: bool = False) -> Iterator[Text]:
    """`records` put together to texts of some length; those with a text of their own stay as they are.

    Of sources that mark more than names only names are taken, unless `as_marked`.
    """
    size = 1 if source in _WHOLE else _TOGETHER
    groups = [list(records[at : at + size]) for at in range(0, len(records), size)]
    for group in groups:
        text, spans, places = "", [], []
        for record in group:
            begin = len(text)
            text += text_of(record)
            places.append((record["id"], begin, len(text)))
            spans += [(start + begin, end + begin, label) for start, end, label in spans_of(record)]
            text += "\n"
        whole = Text(source, text, tuple(spans), tuple(places))
        yield names_alone(whole) if source in _REFERENCES and not as_marked else whole


def text_of(record: dict[str, Any]) -> str:
    """Its text; of a record of tokens only these, parted by spaces."""
    text: str = record["text"] if "text" in record else " ".join(record["tokens"])
    return text


def spans_of(record: dict[str, Any]) -> list[Span]:
    """Its entities."""
    if "mentions" in record:
        return [(each["start"], each["end"], each["type"]) for each in record["mentions"]]
    if "spans" in record:
        return [(start, end, label) for start, end, label, *_ in record["spans"]]
    spans: list[Span] = []
    for tag, (start, end) in zip(record["tags"], _offsets(record), strict=True):
        label = tag[2:]
        if tag[0] == "I" and spans and spans[-1][2] == label and _is_next(spans[-1], start):
            spans[-1] = (spans[-1][0], end, label)
        elif tag != "O":
            spans.append((start, end, label))
    return spans


def names_alone(text: Text) -> Text:
    """`text` with the spans that are names: re3d marks what refers to somebody, "the Foreign Secretary" and "we" too."""
    spans = []
    for start, end, label in text.spans:
        begin = start + len(_DETERMINER) if text.text[start:end].lower().startswith(_DETERMINER) else start
        if text.text[begin].isupper() and text.text[begin:end].lower() not in _PRONOUNS:
            spans.append((begin, end, label))
    return replace(text, spans=tuple(spans))


def _is_next(span: Span, start: int) -> bool:
    return start - span[1] <= 1


def _offsets(record: dict[str, Any]) -> list[tuple[int, int]]:
    if record.get("offsets"):
        return [(start, end) for start, end in record["offsets"]]
    offsets, at = [], 0
    for token in record["tokens"]:
        offsets.append((at, at + len(token)))
        at += len(token) + 1
    return offsets


def held_out(
    records: Sequence[dict[str, Any]], fold: int, folds: int = FOLDS
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(what is learnt from, what is held out): a run of records, as neighbours come from one article."""
    begin, end = len(records) * fold // folds, len(records) * (fold + 1) // folds
    return [*records[:begin], *records[end:]], list(records[begin:end])
