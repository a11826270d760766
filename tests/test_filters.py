"""Which records a subscriber wants."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.cleaned_article import Source
from schemas.dead_letter import DeadLetter, DeadReason
from schemas.published_article import Duplicate, PublishedArticle, Relation
from schemas.raw_event import RawEvent
from schemas.rejected_event import RejectedEvent, RejectReason
from schemas.tagged_article import Entity, Label, Mention
from workers.errors import ConfigError
from workers.filters import Filter, filter_of, folded

ROUSSIA = "\u0631\u0648\u0633\u064a\u0627"  # ARABIC LETTERS REH, WAW, SEEN, YEH, ALEF
ALMANIA = (
    "\u0623\u0644\u0645\u0627\u0646\u064a\u0627"  # ALEF WITH HAMZA ABOVE, LAM, MEEM, ALEF, NOON, YEH, ALEF
)
PLAIN_ALMANIA = "\u0627\u0644\u0645\u0627\u0646\u064a\u0627"  # the same with a plain ALEF
VOWELLED = "\u0631\u064f\u0648\u0633\u0640\u064a\u0627"  # ROUSSIA with DAMMA and TATWEEL

ARABIC = PublishedArticle(
    id="i",
    lang="ar-EG",
    title=f"{ALMANIA} - 2026",
    text=f"{ROUSSIA}  {PLAIN_ALMANIA}.",
    source=Source(name="Al-Ahram", domain="www.ahram.org.eg"),
    entities=(
        Entity(
            id="iso:RU",
            label=Label.LOC,
            name=ROUSSIA,
            name_en="Russia",
            salience=1.0,
            mentions=(Mention(start=0, end=5, text="RF"),),
        ),
    ),
    duplicate=Duplicate(relation=Relation.UNIQUE, cluster="i"),
)


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        ({}, True),
        ({"lang": "ar"}, True),
        ({"lang": "ar-EG"}, True),
        ({"lang": "AR-eg"}, True),
        ({"lang": "fa"}, False),
        ({"lang": "arz"}, False),
        ({"lang": ["fa", "ar"]}, True),
        ({"entities": [ROUSSIA]}, True),
        ({"entities": [VOWELLED]}, True),
        ({"entities": ["iso:RU"]}, True),
        ({"entities": "russia"}, True),
        ({"entities": ["rf"]}, True),
        ({"entities": ["Russ"]}, False),
        ({"entities": ["iso:FR"]}, False),
        ({"entities": ["iso:FR", "iso:RU"]}, True),
        ({"text": VOWELLED}, True),
        ({"text": f"{ROUSSIA} {ALMANIA}"}, True),
        ({"text": f"{PLAIN_ALMANIA} - 2026"}, True),
        ({"text": f"2026 {ROUSSIA}"}, False),
        ({"source": "ahram.org.eg"}, True),
        ({"source": "WWW.Ahram.org.eg"}, True),
        ({"source": "hram.org.eg"}, False),
        ({"source": "al-ahram"}, True),
        ({"source": ["bbc.com", "ahram.org.eg"]}, True),
        ({"relations": "unique"}, True),
        ({"relations": [Relation.REVISION, "near"]}, False),
        ({"lang": "ar", "entities": ["iso:FR"]}, False),
        ({"lang": "", "source": (), "entities": [" "], "text": " ", "relations": ""}, True),
    ],
    ids=str,
)
def test_an_article_passes_when_every_filter_that_is_set_takes_it(wanted, passes):
    assert filter_of(**wanted).takes(ARABIC) is passes


REJECTED = RejectedEvent(
    id="i", reason=RejectReason.EMPTY, detail="", title="Not found", source=Source(domain="example.org")
)
DEAD = DeadLetter(
    reason=DeadReason.INVALID, message="m", error="E", stage="s", origin="o", topic="t", partition=0, offset=0
)
RAW = RawEvent(body="x", source="Example", lang="en")


@pytest.mark.parametrize(
    ("record", "wanted", "passes"),
    [
        (REJECTED, {}, True),
        (REJECTED, {"source": "example.org"}, True),
        (REJECTED, {"text": "not FOUND"}, True),
        (REJECTED, {"lang": "ar"}, False),
        (REJECTED, {"entities": ["iso:RU"]}, False),
        (REJECTED, {"relations": "unique"}, False),
        (DEAD, {}, True),
        (DEAD, {"source": "example.org"}, False),
        (DEAD, {"text": "m"}, False),
        (RAW, {"source": "example"}, True),
        (RAW, {"lang": "en"}, True),
    ],
)
def test_a_record_passes_no_filter_that_asks_for_what_it_does_not_have(record, wanted, passes):
    assert filter_of(**wanted).takes(record) is passes


@pytest.mark.parametrize(
    ("wanted", "message"), [({"lang": "a r"}, "'a r'"), ({"relations": "copies"}, "'copies'")]
)
def test_what_can_never_pass_is_a_mistake(wanted, message):
    with pytest.raises(ConfigError, match=message):
        filter_of(**wanted)


@given(st.text())
def test_folding_is_idempotent(text):
    assert folded(folded(text)) == folded(text)


@given(st.text(min_size=1))
def test_any_text_finds_itself(text):
    article = RejectedEvent(id="i", reason=RejectReason.EMPTY, detail="", title=text)
    assert filter_of(text=text).takes(article)


def test_a_filter_of_nothing_is_the_empty_one():
    assert filter_of() == Filter()
