"""Composing dumps of news pages out of known articles: what stands around an article, in many orders and forms."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np

from workers.boilerplate.dumplines import BULLET, Lines, split_lines
from workers.boilerplate.markers import find_marker
from workers.boilerplate.training.dumppages import Dump

_PARAGRAPHS_MAX: Final = 25


@dataclass(slots=True)
class _Sheet:
    """A dump that is being written: its rows, and which of them are main text."""

    rows: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    blanks: list[int] = field(default_factory=list)

    def add(self, rows: Sequence[str], label: int = 0, blank: int = 1) -> None:
        for row in rows:
            self.rows.append(row)
            self.labels.append(label)
            self.blanks.append(blank)


@dataclass(frozen=True, slots=True)
class _Stock:
    """What a dump is composed of: `articles` are paragraphs, all of one language."""

    lang: str
    articles: Sequence[Sequence[str]]
    headlines: Sequence[str]
    labels: Sequence[str]


def composed(dumps: Sequence[Dump], count: int, rng: random.Random) -> list[Dump]:
    """`count` dumps that are composed of the articles and the furniture of `dumps`, each of one language."""
    by_lang: dict[str, list[Dump]] = {}
    for dump in dumps:
        if dump.gold:
            by_lang.setdefault(dump.lang, []).append(dump)
    stocks = {lang: _stock(lang, members) for lang, members in sorted(by_lang.items())}
    langs = [lang for lang, stock in stocks.items() if len(stock.articles) >= 2]
    weights = [len(by_lang[lang]) ** 0.5 for lang in langs]
    return [_compose(stocks[rng.choices(langs, weights)[0]], rng) for _ in range(count)]


def _stock(lang: str, dumps: Sequence[Dump]) -> _Stock:
    articles: dict[str, list[str]] = {}
    headlines: set[str] = set()
    labels: set[str] = set()
    for dump in dumps:
        lines = list(zip(dump.lines.texts, dump.labels, strict=True))
        body = [text for text, label in lines if label >= 0.9 and len(text) > 40][: 4 * _PARAGRAPHS_MAX]
        if len(body) >= 3:
            articles.setdefault(body[0], body)
        rest = [BULLET.sub("", text) for text, label in lines if label == 0 and not find_marker(text)]
        headlines |= {text for text in rest if 30 <= len(text) <= 110 and text.count(" ") >= 3}
        labels |= {text for text in rest if 3 <= len(text) <= 22}
    return _Stock(lang, list(articles.values()), sorted(headlines) or ["1 2 3"], sorted(labels) or ["1"])


def _compose(stock: _Stock, rng: random.Random) -> Dump:
    sheet = _Sheet()
    _head(sheet, stock, rng)
    article = rng.choice(stock.articles)
    size = rng.choice((1, 2, 3, 4, 5, 7, 10, 15, _PARAGRAPHS_MAX))
    for number, paragraph in enumerate(article[:size]):
        sheet.add([paragraph], 1)
        if number and rng.random() < 0.04:
            _teaser(sheet, stock, rng)
    parts = [_source, _keywords, _read_also, _related, _share, _comments, _footer]
    tail = [part for part in parts if rng.random() < 0.5]
    if rng.random() < 0.3:
        rng.shuffle(tail)
    for part in tail:
        part(sheet, stock, rng)
    return _finished(sheet, stock, rng)


def _finished(sheet: _Sheet, stock: _Stock, rng: random.Random) -> Dump:
    texts = [" ".join(row.split()) for row in sheet.rows]
    kept = [index for index, text in enumerate(texts) if text]
    blanks = sheet.blanks if rng.random() < 0.8 else [0] * len(texts)
    lines = Lines(
        [texts[i] for i in kept],
        [blanks[i] for i in kept],
        [split_lines(texts[i]).bulleted[0] for i in kept],
    )
    labels = np.array([sheet.labels[i] for i in kept], np.float32)
    markers = [find_marker(text) for text in lines.texts]
    return Dump(
        f"composed/{rng.random()}", lines, markers, labels, np.ones(len(labels), np.float32), "", stock.lang
    )


def _marker(stock: _Stock, kind: str, rng: random.Random) -> str:
    """A marker of the language, or of English where the lists have none."""
    table = _forms()
    forms = table.get(stock.lang, {}).get(kind) or table["en"][kind]
    written = rng.choice(forms).rstrip("*")
    return (
        rng.choice((written, written.capitalize(), written.upper()))
        if rng.random() < 0.5
        else written.capitalize()
    )


@cache
def _forms() -> dict[str, dict[str, list[str]]]:
    data = json.loads(files("workers.boilerplate").joinpath("data/markers.json").read_text("utf-8"))
    table: dict[str, dict[str, list[str]]] = data["markers"]
    return table


def _picked(pool: Sequence[str], most: int, rng: random.Random) -> list[str]:
    return [rng.choice(pool) for _ in range(rng.randint(1, most))]


def _bulleted(rows: list[str], rng: random.Random) -> list[str]:
    bullet = rng.choice(("\u2022 ", "- ", "* ", ""))  # BULLET
    return [bullet + row for row in rows]


def _head(sheet: _Sheet, stock: _Stock, rng: random.Random) -> None:
    if rng.random() < 0.4:
        if rng.random() < 0.5:
            sheet.add([" ".join(_picked(stock.labels, 12, rng))])
        else:
            sheet.add(_bulleted(_picked(stock.labels, 40, rng), rng), 0, rng.choice((0, 1)))
    if rng.random() < 0.25:
        _teasers(sheet, stock, rng)
    if rng.random() < 0.5:
        sheet.add([rng.choice(stock.headlines)])
    if rng.random() < 0.3:
        sheet.add([_marker(stock, "author", rng) + " " + rng.choice(stock.labels)])
    if rng.random() < 0.3:
        sheet.add([_date(rng)])
    if rng.random() < 0.15:
        _share(sheet, stock, rng)


def _teasers(sheet: _Sheet, stock: _Stock, rng: random.Random) -> None:
    """Headlines of other articles above the one, each with a sentence, as "most read" has them."""
    if rng.random() < 0.6:
        sheet.add([_marker(stock, "related", rng)])
    for _ in range(rng.randint(1, 4)):
        sheet.add([rng.choice(stock.headlines), _sentence(stock, rng)], 0, rng.choice((0, 1, 1)))
    if rng.random() < 0.5:
        sheet.add([rng.choice(stock.labels)])


def _sentence(stock: _Stock, rng: random.Random) -> str:
    return rng.choice(rng.choice(stock.articles))[: rng.randint(60, 220)] + rng.choice(("", "...", "."))


def _teaser(sheet: _Sheet, stock: _Stock, rng: random.Random) -> None:
    marker = _marker(stock, rng.choice(("read_also", "read_also", "related", "link")), rng)
    if rng.random() < 0.5:
        sheet.add([f"{marker}: {rng.choice(stock.headlines)}"])
    else:
        sheet.add([marker + rng.choice(("", ":"))])
        sheet.add(_bulleted(_picked(stock.headlines, 3, rng), rng))


def _source(sheet: _Sheet, stock: _Stock, rng: random.Random) -> None:
    sheet.add([_marker(stock, "source", rng) + rng.choice((": ", " : ")) + rng.choice(stock.labels)])


def _keywords(sheet: _Sheet, stock: _Stock, rng: random.Random) -> None:
    """Keywords proper, or a run of the page's words as some sites leave behind."""
    body = " ".join(rng.choice(stock.articles)[:3]).split()
    words = [rng.choice(body) for _ in range(rng.randint(2, 12))]
    menu = _picked(stock.labels, 12, rng)
    run = rng.choice((words, words + menu, menu * 3 + words + menu))
    glue = rng.choice((" ", " ", ", ", " | "))
    sheet.add([_marker(stock, "keywords", rng) + ": " + glue.join(run)])


def _read_also(sheet: _Sheet, stock: _Stock, rng: random.Random) -> None:
    """A complete second article, often longer than the first."""
    sheet.add(
        [_marker(stock, rng.choice(("read_also", "read_also", "related")), rng) + rng.choice((":", ""))]
    )
    if rng.random() < 0.8:
        sheet.add([rng.choice(stock.headlines)])
    other = _other(sheet, stock, rng)
    begin = rng.randint(0, max(0, len(other) - 3))
    sheet.add(other[begin : begin + rng.choice((1, 2, 4, 8, 15, _PARAGRAPHS_MAX))])


def _other(sheet: _Sheet, stock: _Stock, rng: random.Random) -> Sequence[str]:
    """An article that the dump does not hold yet; nothing when it holds all."""
    others = [article for article in stock.articles if article[0] not in sheet.rows]
    return rng.choice(others) if others else []


def _related(sheet: _Sheet, stock: _Stock, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 1, 2))):
        sheet.add([_marker(stock, "related", rng) + rng.choice((":", "", ""))])
        headlines = _bulleted(_picked(stock.headlines, 10, rng), rng)
        if rng.random() < 0.3:
            headlines = [row for headline in headlines for row in (headline, _sentence(stock, rng))]
        sheet.add(headlines, 0, rng.choice((0, 1)))


def _share(sheet: _Sheet, stock: _Stock, rng: random.Random) -> None:
    kinds = ["share"] * rng.randint(1, 4) + (["subscribe"] if rng.random() < 0.4 else [])
    sheet.add([_marker(stock, kind, rng) for kind in kinds])


def _comments(sheet: _Sheet, stock: _Stock, rng: random.Random) -> None:
    """Comments under a heading, a name and mostly a date above each."""
    if rng.random() < 0.7:
        sheet.add([_marker(stock, "end", rng)])
    else:
        sheet.add([f"{rng.randint(1, 300)} {rng.choice(stock.labels)}"])
    has_dates, reply = rng.random() < 0.6, rng.choice((*stock.labels[:50], ""))
    for _ in range(rng.randint(0, 12)):
        sheet.add([rng.choice(stock.labels)])
        if has_dates:
            sheet.add([_date(rng)])
        sheet.add(
            [_sentence(stock, rng)] if rng.random() < 0.5 else _other(sheet, stock, rng)[-rng.randint(1, 3) :]
        )
        if reply:
            sheet.add([reply])


def _date(rng: random.Random) -> str:
    day, month, year = rng.randint(1, 30), rng.randint(1, 12), rng.randint(2008, 2026)
    return f"{day}.{month}.{year} {rng.randint(0, 23)}:{rng.randint(10, 59)}"


def _footer(sheet: _Sheet, stock: _Stock, rng: random.Random) -> None:
    sheet.add(_bulleted(_picked(stock.labels, 20, rng), rng))
    sheet.add([f"\u00a9 20{rng.randint(10, 26)} {rng.choice(stock.labels)}"])
    if rng.random() < 0.3:
        sheet.add([_sentence(stock, rng) for _ in range(rng.randint(1, 3))])
