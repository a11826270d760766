import json
from dataclasses import fields, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.cleaned_article import CleanedArticle, Related, Source
from schemas.tagged_article import Entity, TaggedArticle
from workers.entities.stage import VERSION, find_entities, tag
from workers.outcomes import Kept

SHARED = Path(__file__).parents[3] / "shared" / "data" / "entities" / "dev" / "arabi21.jsonl"
LANGS = ["ar", "en", "fr", "ru", "fa", "de", "es", "pt", "tr", "zh", "und"]
# Pieces that meet the rules more often than random text does.
PIECES = ["بوتين", "فلاديمير بوتين", "لل", "و", "ال", "إيران", "مسعود بزكشيان", "ـ", "\u064e", "\u200f", "\u200c", " ", "\n\n", "'",
          "Vladimir Putin", "Anna Keller", "Keller", "President", "Mr.", "US", "U.S.", "Paris", "Иван Петров", "Петровым", "в", "США",
          "普京", "北京", "پوتین", "Türkiye", "\ud800", "\U0001f600", ".", "-", "@"]  # fmt: skip
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
                  st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join))  # fmt: skip
ARTICLES = st.builds(CleanedArticle, id=st.just("1"), lang=st.sampled_from(LANGS), text=TEXTS)


def surfaces(text: str, lang: str) -> dict[str, list[str]]:
    return {entity.id: [mention.text for mention in entity.mentions] for entity in find_entities(text, lang)}


def named(entities: tuple[Entity, ...], name: str) -> Entity:
    return next(entity for entity in entities if entity.name == name)


@pytest.mark.parametrize(
    ("text", "mention", "identifier"),
    [
        pytest.param("قال لبوتين", "بوتين", "wikidata:Q7747", id="to"),
        pytest.param("إيران وروسيا", "روسيا", "iso:RU", id="and"),
        pytest.param("فروسيا تريد", "روسيا", "iso:RU", id="so"),
        pytest.param("كروسيا", "روسيا", "iso:RU", id="like"),
        pytest.param("القوات بالعراق", "العراق", "iso:IQ", id="in, with the article"),
        pytest.param("والولايات المتحدة", "الولايات المتحدة", "iso:US", id="and, with the article"),
        pytest.param("وبروسيا", "روسيا", "iso:RU", id="and in"),
        pytest.param("فلروسيا", "روسيا", "iso:RU", id="so to"),
        pytest.param("للسعودية", "لسعودية", "iso:SA", id="to, which swallows the article's ALEF"),
        pytest.param("وللسعودية", "لسعودية", "iso:SA", id="and to, which swallows the article's ALEF"),
        pytest.param("للاذقية", "لاذقية", "geonames:173576", id="to, and a name in LAM"),
        pytest.param("لِبُوتين", "بُوتين", "wikidata:Q7747", id="vowel signs"),
        pytest.param("لـبوتـين", "بوتـين", "wikidata:Q7747", id="tatweel"),
        pytest.param("في ايران", "ايران", "iso:IR", id="ALEF without its HAMZA"),
        pytest.param("زار إيرانَ أمس", "إيرانَ", "iso:IR", id="a vowel sign at the end"),
    ],
)
def test_arabic_proclitics_stay_out_of_the_mention(text: str, mention: str, identifier: str) -> None:
    assert surfaces(text, "ar")[identifier] == [mention]


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        pytest.param("ar", "رشحته روسياتنا", id="ar: a word that begins like a name"),
        pytest.param("ar", "دعم مالي كبير", id="ar: a common word equal to a country"),
        pytest.param("en", "give us a roast turkey", id="en: lower case"),
        pytest.param("en", "@Paris", id="en: a handle"),
        pytest.param("ru", "Того и самого", id="ru: a pronoun"),
        pytest.param("fa", "بازار مالی دوشنبه", id="fa: money and Monday"),
        pytest.param("xx", "Paris, Putin", id="a language nobody knows"),
        pytest.param("ar", "", id="empty"),
        pytest.param("und", "123 — …", id="und: no letters"),
    ],
)
def test_what_is_no_name_is_not_tagged(lang: str, text: str) -> None:
    assert find_entities(text, lang) == ()


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        pytest.param("ar", "تلروسيا", id="ar: no proclitic"),
        pytest.param("en", "Chadwick and Americano", id="en: inside a word"),
        pytest.param("en", "the London Bridge", id="en: a longer name goes on"),
        pytest.param("de", "der US-Dollar", id="de: a compound"),
    ],
)
def test_a_listed_name_inside_another_one_is_not_meant(lang: str, text: str) -> None:
    assert not [entity.id for entity in find_entities(text, lang) if not entity.id.startswith("key:")]


@pytest.mark.parametrize(
    ("lang", "text", "identifier"),
    [
        pytest.param("ar", "أمريكا", "iso:US", id="ar"),
        pytest.param("ar", "قالت CNN أمس", "wikidata:Q48340", id="ar: an English name"),
        pytest.param("en-GB", "in the U.S. today", "iso:US", id="en: with a region"),
        pytest.param("fr", "les États-Unis", "iso:US", id="fr"),
        pytest.param("ru", "в Соединённых Штатах", "iso:US", id="ru: in a case"),
        pytest.param("fa", "ایالات متحده", "iso:US", id="fa"),
        pytest.param("de", "Deutschlands Nachbarn", "iso:DE", id="de: genitive"),
        pytest.param("es", "en Estados Unidos", "iso:US", id="es"),
        pytest.param("pt", "nos EUA", "iso:US", id="pt"),
        pytest.param("tr", "ABD'de", "iso:US", id="tr: with a suffix"),
        pytest.param("zh", "在美国的人", "iso:US", id="zh: no spaces"),
        pytest.param("sw", "huko Marekani", "iso:US", id="sw: CLDR alone"),
        pytest.param("und", "روسيا", "iso:RU", id="und: by its script"),
    ],
)
def test_a_place_has_one_id_in_every_language(lang: str, text: str, identifier: str) -> None:
    assert list(surfaces(text, lang)) == [identifier]


@pytest.mark.parametrize(
    ("lang", "text", "mentions"),
    [
        pytest.param("ar", "زار مسعود بزكشيان موسكو، ثم غادر بزشكيان", ["مسعود بزكشيان", "بزشكيان"], id="ar: letters swapped"),
        pytest.param("ar", "قالت ليلى المنصوري إنها. وتابعت المنصوري، وللمنصوري", ["ليلى المنصوري", "المنصوري", "لمنصوري"], id="ar: to, which swallows the article"),
        pytest.param("en", "Anna Keller left. Keller and Kellar", ["Anna Keller", "Keller", "Kellar"], id="en"),
        pytest.param("ru", "Иван Петров ушел с Петровым", ["Иван Петров", "Петровым"], id="ru: in a case"),
    ],
)  # fmt: skip
def test_a_person_and_the_surname_are_one(lang: str, text: str, mentions: list[str]) -> None:
    assert mentions in surfaces(text, lang).values()


def test_two_persons_of_one_surname_are_two() -> None:
    found = surfaces("Anna Keller met Boris Keller.", "en")
    assert list(found.values()) == [["Anna Keller"], ["Boris Keller"]]


def test_an_unknown_person_has_the_same_id_in_another_article() -> None:
    [first], [second] = surfaces("Иван Петров", "ru"), surfaces("с Иваном Петровым", "ru")
    assert first == second
    assert first.startswith("key:")


def test_other_fields_pass_unchanged() -> None:
    article = CleanedArticle(
        id="7", url="https://a.example/1", canonical_url="https://a.example/", source=Source(name="A"), title="T",
        authors=("B",), lang="ar", published_at=datetime(2024, 1, 2, tzinfo=UTC), text="في روسيا", keywords=("k",),
        related=(Related(title="R"),), meta={"x": [1]}, versions={"boilerplate": "3"},
    )  # fmt: skip
    [outcome] = tag([article])
    assert isinstance(outcome, Kept)
    record = outcome.record
    assert isinstance(record, TaggedArticle)
    expected = replace(article, versions={"boilerplate": "3", "entities": VERSION, "tagger": "built-in"})
    assert all(getattr(record, item.name) == getattr(expected, item.name) for item in fields(CleanedArticle))
    assert article.versions == {"boilerplate": "3"}


def test_salience_follows_mentions_first_paragraph_and_title() -> None:
    text = "Moscow is far.\n\nParis, Paris and Paris. London and Rome."
    entities = find_entities(text, "en", "News of London")
    assert [(entity.name_en, entity.salience) for entity in entities] == [
        ("Paris", 0.333334), ("London", 0.333333), ("Moscow", 0.222222), ("Rome", 0.111111),
    ]  # fmt: skip


def test_names_are_in_the_language_of_the_article_and_in_english() -> None:
    entities = find_entities("روسيا وموسكو", "ar")
    assert (named(entities, "روسيا").name_en, named(entities, "روسيا").country) == ("Russia", "RU")
    assert (named(entities, "موسكو").name_en, named(entities, "موسكو").country) == ("Moscow", "RU")


@pytest.mark.skipif(not SHARED.exists(), reason="the development data is not here")
def test_the_sample_has_its_places_and_its_presidents() -> None:
    article = json.loads(SHARED.read_text(encoding="utf-8").splitlines()[0])
    entities = find_entities(article["text"], "ar")
    found = {(m.start, m.end, entity.label.value) for entity in entities for m in entity.mentions}
    gold = {(m["start"], m["end"], m["type"]) for m in article["mentions"] if not m.get("optional")}
    optional = {(m["start"], m["end"]) for m in article["mentions"] if m.get("optional")}
    # two of 42 are missing: a person whose given name no list has, and her surname
    assert len(gold & found) >= 40
    assert not {span for span in found - gold if span[:2] not in optional}
    putin, pezeshkian = named(entities, "فلاديمير بوتين"), named(entities, "مسعود بزشكيان")
    assert {m.text for m in putin.mentions} == {"فلاديمير بوتين", "بوتين"}
    assert {m.text for m in pezeshkian.mentions} == {"مسعود بزكشيان", "بزكشيان", "بزشكيان"}
    assert {"iso:RU", "iso:IR"} <= {entity.id for entity in entities}


@settings(deadline=None)
@given(ARTICLES)
def test_mentions_are_exact_sorted_and_apart(article: CleanedArticle) -> None:
    entities = find_entities(article.text, article.lang, article.title)
    spans = sorted((m.start, m.end) for entity in entities for m in entity.mentions)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    for entity in entities:
        assert list(entity.mentions) == sorted(entity.mentions, key=lambda mention: mention.start)
        for mention in entity.mentions:
            assert 0 <= mention.start < mention.end <= len(article.text)
            assert article.text[mention.start : mention.end] == mention.text
    assert len({entity.id for entity in entities}) == len(entities)


@settings(deadline=None)
@given(ARTICLES)
def test_salience_is_a_share_in_descending_order(article: CleanedArticle) -> None:
    saliences = [entity.salience for entity in find_entities(article.text, article.lang)]
    assert saliences == sorted(saliences, reverse=True)
    assert not saliences or sum(saliences) == pytest.approx(1, abs=1e-9)
    assert all(0 < salience <= 1 for salience in saliences)


@settings(deadline=None, max_examples=50)
@given(st.lists(ARTICLES, max_size=4), st.lists(ARTICLES, max_size=4))
def test_a_batch_is_tagged_as_its_parts(left: list[CleanedArticle], right: list[CleanedArticle]) -> None:
    together = tag(left + right)
    assert together == tag(left) + tag(right)
    assert len(together) == len(left) + len(right)


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        pytest.param("ar", "\u0644" * 500_000, id="ar: one word of proclitics"),
        pytest.param("ar", "\u064e" * 500_000, id="ar: vowel signs"),
        pytest.param("ar", "محمد بن " * 50_000, id="ar: one endless name"),
        pytest.param("en", "A. " * 150_000, id="en: initials"),
        pytest.param("en", "President Anna " * 30_000, id="en: titles and given names"),
        pytest.param("en", " ".join(f"Anna Kel{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}ler." for n in range(20_000)), id="en: many persons"),
        pytest.param("zh", "美国" * 100_000, id="zh: no space anywhere"),
    ],
)  # fmt: skip
@pytest.mark.timeout(20)
def test_hostile_texts_take_bounded_time(lang: str, text: str) -> None:
    spans = [(m.start, m.end, m.text) for entity in find_entities(text, lang) for m in entity.mentions]
    assert all(text[start:end] == mention for start, end, mention in spans)
