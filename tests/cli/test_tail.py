"""Which records tail shows."""

import pytest

from schemas.published_article import Duplicate, PublishedArticle, Relation
from schemas.rejected_event import RejectedEvent, RejectReason
from schemas.tagged_article import Entity, Label, Mention
from workers.cli.tail import matches

ROUSSIA = "\u0631\u0648\u0633\u064a\u0627"  # ARABIC LETTERS REH, WAW, SEEN, YEH, ALEF
ARTICLE = PublishedArticle(
    id="i",
    lang="ar-EG",
    text=ROUSSIA,
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
    ("lang", "entity", "shown"),
    [
        (None, None, True),
        ("ar", None, True),
        ("ar-EG", None, True),
        ("a", None, False),
        ("fa", None, False),
        (None, ROUSSIA, True),
        (None, "iso:RU", True),
        (None, "russia", True),
        (None, "rf", True),
        (None, "Russ", False),
        ("ar", "iso:FR", False),
        ("fa", "iso:RU", False),
    ],
)
def test_an_article_is_shown_when_it_is_in_the_language_and_names_the_entity(lang, entity, shown):
    assert matches(ARTICLE, lang, entity) is shown


def test_a_record_without_language_or_entities_is_shown_only_without_a_filter():
    rejected = RejectedEvent(id="i", reason=RejectReason.EMPTY, detail="nothing")
    assert matches(rejected, None, None)
    assert not matches(rejected, "ar", None)
    assert not matches(rejected, None, "iso:RU")
