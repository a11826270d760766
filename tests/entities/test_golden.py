"""Articles of our own writing with every mention marked; see tests/golden/entities/README.md."""

import re
from pathlib import Path

import pytest

from schemas.cleaned_article import CleanedArticle
from schemas.tagged_article import TaggedArticle
from workers.entities.stage import tag
from workers.outcomes import Kept

GOLDEN = Path(__file__).parents[1] / "golden" / "entities"
MARK = re.compile(r"\[([^\]]+)\]\((PER|ORG|LOC) ([^)]+)\)")
LISTS = ("iso:", "geonames:", "wikidata:")

Expected = list[tuple[int, str, str, str]]


def golden(lang: str) -> tuple[str, str, Expected]:
    title, _, marked = (GOLDEN / f"{lang}.txt").read_text(encoding="utf-8").strip().partition("\n")
    text, position, expected = "", 0, []
    for mark in MARK.finditer(marked):
        text += marked[position : mark.start()]
        expected.append((len(text), mark[1], mark[2], mark[3]))
        text += mark[1]
        position = mark.end()
    return title, text + marked[position:], expected


def tagged(lang: str, text: str, title: str | None = None) -> TaggedArticle:
    [outcome] = tag([CleanedArticle(id="1", lang=lang, title=title, text=text)])
    assert isinstance(outcome, Kept)
    return outcome.record


@pytest.mark.parametrize("lang", ["ar", "en", "fr", "ru", "fa"])
def test_a_golden_article_has_exactly_the_mentions_marked_in_it(lang: str) -> None:
    title, text, expected = golden(lang)
    entities = tagged(lang, text, title).entities
    identity = {key for *_, key in expected if key.startswith(LISTS)}
    found = sorted(
        (mention.start, mention.text, entity.label.value, entity.id if entity.id in identity else entity.name)
        for entity in entities
        for mention in entity.mentions
    )
    assert found == expected


@pytest.mark.parametrize("lang", ["ar", "en", "fr", "ru", "fa"])
def test_each_id_of_a_golden_article_stands_once(lang: str) -> None:
    title, text, expected = golden(lang)
    entities = tagged(lang, text, title).entities
    assert len({entity.id for entity in entities}) == len(entities) == len({key for *_, key in expected})
