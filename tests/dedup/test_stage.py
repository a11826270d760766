"""Fingerprints depend on what an article says, and on nothing else."""

import os
import subprocess
import sys
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.published_article import Duplicate, PublishedArticle, Relation
from tests.dedup.stories import FATHA, LANGUAGES, SHADDA, STORIES, TATWEEL, ZERO_WIDTH_NON_JOINER, article
from workers.dedup import signature
from workers.dedup.index import Fingerprint
from workers.dedup.stage import VERSION, fingerprint, settle


def of(text: str) -> Fingerprint:
    return fingerprint([article(text)])[0]


ARABIC_AND_LATIN = st.text(
    st.sampled_from("\u0627\u0628\u062a\u0644\u0645\u0646\u0648\u064a\u0629 abcE\u0301xyz.,\n7\u0663")
)


def has_words(text: str) -> bool:
    """A text without words counts as it stands."""
    return any(character.isalnum() for character in text)


ANY_TEXT = st.text(st.characters(), max_size=200)  # lone surrogates included


@given(ARABIC_AND_LATIN, st.data())
def test_tatweel_diacritics_and_controls_make_no_difference(text, data):
    marks = st.sampled_from([TATWEEL, FATHA, SHADDA, ZERO_WIDTH_NON_JOINER, "\u0301", "\u200f"])
    marked = "".join(character + data.draw(st.just("") | marks) for character in text)
    assume(has_words(text))
    assert of(marked) == of(text)


@given(ARABIC_AND_LATIN, st.data())
def test_spacing_makes_no_difference(text, data):
    gaps = st.text(" \t\n\r\u00a0\u2003", min_size=1, max_size=3)
    spaced = data.draw(gaps) + "".join(data.draw(gaps) if c == " " else c for c in text) + data.draw(gaps)
    assume(has_words(text))
    assert of(spaced) == of(text)


@given(st.lists(ANY_TEXT, max_size=6), st.lists(ANY_TEXT, max_size=6))
def test_a_batch_is_its_articles_one_by_one(one, other):
    a, b = [article(text) for text in one], [article(text) for text in other]
    assert fingerprint(a + b) == fingerprint(a) + fingerprint(b)


@given(ANY_TEXT, st.text(), st.text() | st.none())
def test_any_article_has_a_fingerprint_of_bounded_size(text, lang, url):
    [found] = fingerprint([article(text, lang=lang, url=url)])
    signature = found.signature
    assert len(signature.digest) == 8
    assert len(found.url_key) in {0, 8}
    assert len(signature.values) == 2 * len(signature.tags) == 4 * min(signature.shingles, 64)
    assert len(signature.numbers) <= 2 * 16
    assert len(signature.lead) <= 2 * 64
    assert signature.own_anchors <= min(13, len(signature.anchors) // 8)
    assert len(signature.anchors) // 8 <= 9 + 57
    assert found.lang.isascii()
    assert 2 <= len(found.lang) <= 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("\u0623\u062d\u0645\u062f", "\u0627\u062d\u0645\u062f", id="ar hamza"),
        pytest.param("\u0645\u0643\u062a\u0628\u0629", "\u0645\u0643\u062a\u0628\u0647", id="ar teh marbuta"),
        pytest.param("\u0639\u0644\u0649", "\u0639\u0644\u064a", id="ar alef maksura"),
        pytest.param("\ufefb", "\u0644\u0627", id="ar presentation form of lam alef"),
        pytest.param("\u0661\u0662\u0663", "123", id="ar digits"),
        pytest.param("\u06cc\u06a9\u06f4", "\u064a\u06434", id="fa letters and digits"),
        pytest.param("STRASSE Caf\u00e9", "stra\u00dfe cafe\u0301", id="case and composition"),
        pytest.param("\u0401\u043b\u043a\u0430", "\u0435\u043b\u043a\u0430", id="ru yo"),
        pytest.param("\u6771\u4eac \u90fd", "\u6771\u4eac\u90fd", id="ja spaces between characters"),
        pytest.param("\u6771abc\u4eac", "\u6771 abc \u4eac", id="ja beside latin"),
        pytest.param(
            "#\u0646\u0627\u062f\u0631_\u0639\u0644\u064a",
            "\u0646\u0627\u062f\u0631 \u0639\u0644\u064a",
            id="hashtag",
        ),
        pytest.param("\uff21\uff22\uff11", "ab1", id="full width"),
    ],
)
def test_forms_of_one_text_are_one_text(one, other):
    assert of(one) == of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("\u0643\u062a\u0627\u0628", "\u0643\u062a\u0628", id="ar letters"),
        pytest.param("\u0661\u0662\u0663", "\u0661\u0662\u0664", id="ar digits"),
        pytest.param("a b", "ab", id="word boundary"),
        pytest.param("ab", "ba", id="order of letters"),
        pytest.param("one two", "two one", id="order of words"),
        pytest.param("\uac00", "\uac01", id="ko final consonant"),
        pytest.param("\u6771\u4eac", "\u4eac\u6771", id="ja order"),
        pytest.param("", "!", id="no words"),
        pytest.param("\U0001f600", "\U0001f601", id="emoji only"),
    ],
)
def test_other_texts_are_other_texts(one, other):
    assert of(one).signature.digest != of(other).signature.digest


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_fingerprint_is_the_same_in_every_process(lang):
    """Pinned: changing these values makes every index forget what it knows; raise the stage's VERSION then."""
    pinned = {
        "ar": ("1b4e053a0143569b", 71, "00db151a01b27c08", "af97904db312ca54"),
        "fa": ("9af3de44bbf85a4f", 81, "0169132405129ca9", "4fdb7e192e2fc6f9"),
        "en": ("35e163710ef9467b", 92, "094abf5109b9f1fc", "e3823c9505dcd5fe"),
        "ru": ("c9451b3e56f4e049", 63, "007ed3a9011f71b4", "03522c9fca639b50"),
        "zh": ("359d560e1823f665", 144, "02f2a02303e457e7", "8a2acee5386a692d"),
    }
    found = of(STORIES[lang]["story"]).signature
    assert (found.digest.hex(), found.shingles, found.values[:8].hex(), found.anchors[-8:].hex()) == pinned[
        lang
    ]


@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_hash_seed_does_not_matter(seed):
    program = "from workers.dedup.signature import sign; print(sign(['one two three four 5', 'x']))"
    found = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        check=True,
        text=True,
    )
    assert found.stdout.strip() == str(signature.sign(["one two three four 5", "x"]))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\u0643\u0644\u0645\u0629 " * 2_000_000, id="ar 10 M characters on one line"),
        pytest.param("\ufdfa" * 1_000_000, id="characters that decompose into eighteen"),
        pytest.param("\u0301" * 2_000_000, id="nothing but marks"),
        pytest.param("x" * 10_000_000, id="one word"),
    ],
)
def test_hostile_texts_take_seconds_at_most(text):
    began = time.perf_counter()
    one, other = of(text), of(text + " end")
    assert time.perf_counter() - began < 10
    assert one.signature.digest != other.signature.digest


def test_chunks_make_no_difference(monkeypatch):
    articles = [article(STORIES[lang][kind], lang=lang) for lang in LANGUAGES for kind in ("story", "other")]
    together = fingerprint(articles)
    monkeypatch.setattr(signature, "_CHUNK_CODE_POINTS", 500)
    assert fingerprint(articles) == together


def test_settle_adds_the_verdict_and_the_version_and_keeps_the_rest():
    before = article("text", name="x", url="https://example.org/a")
    verdict = Duplicate(relation=Relation.UNIQUE, cluster="x")
    after = settle(before, verdict)
    assert isinstance(after, PublishedArticle)
    assert after.duplicate is verdict
    assert after.versions == {"dedup": VERSION}
    unchanged = set(before.__dataclass_fields__) - {"versions"}
    assert all(getattr(after, name) == getattr(before, name) for name in unchanged)
    assert before.versions == {}
