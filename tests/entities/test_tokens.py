"""Tokens and their hashes, and the names that are found by them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.entities.features import words_of
from workers.entities.lookup import NameTable
from workers.entities.tokens import Tokens, tokens_of

TEXTS = st.lists(st.text(alphabet=st.characters(codec=None), max_size=40), max_size=5)


def surfaces(texts: list[str]) -> list[str]:
    tokens, joined = tokens_of(texts), "\n".join(texts)
    return [
        joined[tokens.places[s] : tokens.places[e - 1] + 1]
        for s, e in zip(tokens.starts, tokens.ends, strict=True)
    ]


def hashes(tokens: Tokens) -> list[int]:
    found: list[int] = tokens.hashes(tokens.starts, tokens.ends).tolist()
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("قال بوتين، أمس.", ["قال", "بوتين", "،", "أمس", "."], id="ar"),
        pytest.param("لـبُوتينَ", ["لـبُوتين"], id="ar: marks stay inside; the last one is added by the stage"),
        pytest.param("می\u200cخواهم", ["می", "خواهم"], id="fa: a half-space parts"),
        pytest.param("U.S. army", ["U", ".", "S", ".", "army"], id="en: every sign is a token"),
        pytest.param("12 Uhr 30", ["12", "Uhr", "30"], id="de: digits"),
        pytest.param("在美国", ["在", "美", "国"], id="zh: every ideograph is a token"),
        pytest.param("F16", ["F", "16"], id="letters and digits"),
        pytest.param(" \n\t", [], id="white space"),
    ],
)
def test_a_token_is_a_run_of_letters_or_of_digits_or_a_sign(text: str, expected: list[str]) -> None:
    assert surfaces([text]) == expected


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param("إيران", "ايران", id="ar: hamza"),
        pytest.param("بُوتِين", "بوتين", id="ar: vowel signs"),
        pytest.param("ایران", "ايران", id="fa: yeh"),
        pytest.param("Paris", "PARIS", id="case"),
        pytest.param("Королёв", "королев", id="ru: io"),
        pytest.param("İstanbul", "istanbul", id="tr: dotted I"),
    ],
)
def test_spellings_of_one_word_have_one_hash(left: str, right: str) -> None:
    assert hashes(tokens_of([left])) == hashes(tokens_of([right]))


@given(TEXTS)
def test_any_text_is_accepted_and_a_token_lies_in_its_text(texts: list[str]) -> None:
    tokens = tokens_of(texts)
    joined = "\n".join(texts)
    assert all(tokens.starts < tokens.ends)
    assert all(tokens.ends[:-1] <= tokens.starts[1:])
    for start, end, text in zip(tokens.starts, tokens.ends, tokens.text, strict=True):
        first, last = tokens.places[start], tokens.places[end - 1]
        assert tokens.offsets[text] <= first <= last < tokens.offsets[text] + len(texts[text])
        assert not joined[first].isspace()


@given(TEXTS, TEXTS)
def test_a_token_has_the_same_hash_wherever_it_stands(left: list[str], right: list[str]) -> None:
    assert hashes(tokens_of(left + right)) == hashes(tokens_of(left)) + hashes(tokens_of(right))


@given(st.text(alphabet="abc \u0628\u0648", max_size=12), st.text(alphabet="abc \u0628\u0648", max_size=12))
def test_equal_hashes_mean_equal_words(left: str, right: str) -> None:
    by_hash = dict(zip(hashes(tokens_of([left])), surfaces([left]), strict=True))
    for each, word in zip(hashes(tokens_of([right])), surfaces([right]), strict=True):
        assert by_hash.get(each, word) == word


def test_sentences_end_at_full_stops_and_lines_and_not_behind_initials() -> None:
    tokens = tokens_of(["He left. J. Smith stayed.\nThen Mr. Smith left. U.S. men"])
    assert np.flatnonzero(np.diff(tokens.sentence)).size == 3


def test_a_text_without_a_full_stop_is_cut() -> None:
    assert np.bincount(tokens_of(["word " * 1000]).sentence).max() <= 160


NAMES = ["United Nations", "US", "Nice", "الولايات المتحدة", "السعودية", "美国", "Le Monde", "بوتين"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("والولايات المتحدة", ["الولايات المتحدة"], id="ar: behind and"),
        pytest.param("للسعودية", ["لسعودية"], id="ar: to, which swallows a letter"),
        pytest.param("فلبوتين", ["بوتين"], id="ar: behind so to"),
        pytest.param("the United Nations", ["United Nations"], id="two words"),
        pytest.param("united nations give us a nice day", [], id="small letters"),
        pytest.param("the US and Us", ["US"], id="an acronym is in capitals"),
        pytest.param("Le monde est grand", [], id="each capital of the name"),
        pytest.param("United.\nNations", [], id="not across a sentence"),
        pytest.param("在美国的人", ["美国"], id="zh: no spaces"),
    ],
)
def test_names_are_found_as_they_are_written(text: str, expected: list[str]) -> None:
    tokens = tokens_of([text])
    found = NameTable(NAMES).find(tokens, words_of(tokens, arabic=True))
    spans = zip(found.start, found.end, strict=True)
    assert [
        text[tokens.places[start] : tokens.places[tokens.ends[end - 1] - 1] + 1] for start, end in spans
    ] == expected


def test_things_of_one_name_are_all_found_in_their_order() -> None:
    tokens = tokens_of(["in Paris"])
    assert NameTable(["Paris", "Rome", "Paris"]).find(tokens, words_of(tokens)).entry.tolist() == [0, 2]


def test_an_empty_table_finds_nothing() -> None:
    tokens = tokens_of(["in Paris"])
    assert not NameTable([]).find(tokens, words_of(tokens)).entry.size
