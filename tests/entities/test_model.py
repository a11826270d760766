"""The linear-chain model: best sequences, what is learnt is what is asked, files."""

from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.entities.features import NO_ROW
from workers.entities.gazetteer import gazetteer
from workers.entities.lexicon import CLASSES, lexicon
from workers.entities.model import Model, feature_rows, without_jumps
from workers.entities.outside import best_names, may_be_named
from workers.entities.tagger import runs_of, shipped
from workers.entities.tokens import tokens_of
from workers.entities.viterbi import best_labels

LABELS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
TEXT = "قال الرئيس فلاديمير بوتين في موسكو.\nVladimir Putin met Anna Keller in Paris on Monday."


@given(
    st.lists(st.lists(st.tuples(*[st.integers(-50, 50)] * 3), min_size=1, max_size=4), max_size=4),
    st.randoms(),
)
def test_the_best_sequence_is_that_of_trying_all(sentences: list[list[tuple[int, int, int]]], random) -> None:
    transitions = np.array([[random.randint(-20, 20) for _ in range(3)] for _ in range(3)], np.int32)
    scores = np.array([row for sentence in sentences for row in sentence], np.int32).reshape(-1, 3)
    numbers = np.array([number for number, each in enumerate(sentences) for _ in each], np.int64)
    found = best_labels(scores, transitions, numbers).tolist()
    for sentence in sentences:
        labels, found = found[: len(sentence)], found[len(sentence) :]

        def total(path: tuple[int, ...], sentence: list[tuple[int, int, int]] = sentence) -> int:
            steps = pairwise(path)
            return sum(row[at] for row, at in zip(sentence, path, strict=True)) + sum(
                int(transitions[step]) for step in steps
            )

        assert total(tuple(labels)) == max(map(total, product(range(3), repeat=len(sentence))))


@given(st.integers(0, 2**32), st.integers(-120, 40), st.lists(st.integers(1, 12), max_size=6))
def test_tokens_that_no_name_can_cover_are_left_out_without_changing_a_label(
    seed: int, level: int, lengths: list[int]
) -> None:
    random = np.random.default_rng(seed)
    sentences = np.repeat(np.arange(len(lengths)), lengths)
    scores = random.integers(-60, 60, (len(sentences), len(LABELS)), dtype=np.int32)
    scores[:, 1:] += np.int32(level)
    drawn = random.integers(-60, 60, (len(LABELS), len(LABELS)), dtype=np.int32)
    transitions = without_jumps(LABELS, drawn)
    begins = np.flatnonzero(np.diff(sentences, prepend=-1))
    scores[np.ix_(begins, [2, 4])] -= 10_000
    expected = best_labels(scores, transitions, sentences)
    assert best_names(scores, transitions, sentences, LABELS).tolist() == expected.tolist()


def test_most_tokens_of_a_text_are_certain_to_be_outside() -> None:
    scores = np.zeros((200, len(LABELS)), np.int32)
    scores[:, 0] = 50
    scores[100, 1] = 200
    transitions = without_jumps(LABELS, np.zeros((5, 5), np.int32))
    is_open = may_be_named(scores, transitions, np.zeros(200, np.int64), LABELS)
    assert np.flatnonzero(is_open).tolist() == [100, 101, 102, 103]


def test_the_scores_of_a_token_are_the_sums_of_the_weights_of_its_features() -> None:
    generator = np.random.default_rng(1)
    weights = generator.integers(-100, 100, (NO_ROW + 1, 3)).astype(np.int16)
    weights[NO_ROW] = 0
    model = Model(("O", "B-PER", "I-PER"), weights, np.zeros((3, 3), np.int32))
    tokens = tokens_of([TEXT])
    words, known = lexicon("ar").words(tokens)
    names = gazetteer("ar")
    categories = names.categories(tokens, names.find(tokens, words))
    sums = sum(weights[rows].astype(np.int64) for rows in feature_rows(tokens, words, known, categories))
    begins = np.flatnonzero(np.diff(tokens.sentence, prepend=-1))
    sums[begins, 2] -= 10_000
    expected = best_labels(sums.astype(np.int32), model.transitions, tokens.sentence)
    assert model.label(tokens, words, known, categories).tolist() == expected.tolist()


def test_a_name_never_goes_on_that_has_not_begun() -> None:
    transitions = without_jumps(LABELS, np.zeros((5, 5), np.int32))
    for before, after in product(range(5), repeat=2):
        may_follow = not LABELS[after].startswith("I-") or LABELS[before][2:] == LABELS[after][2:]
        assert (transitions[before, after] == 0) == may_follow


def test_a_model_comes_back_from_its_file_and_equal_ones_are_equal_files(tmp_path: Path) -> None:
    weights = np.zeros((NO_ROW + 1, 5), np.int16)
    weights[[3, 700, NO_ROW - 1]] = [[1, -2, 3, 0, 127], [0, 0, 0, 0, 1], [-127, 0, 0, 0, 0]]
    model = Model(LABELS, weights, without_jumps(LABELS, np.ones((5, 5), np.int32)))
    model.save(tmp_path / "a.npz")
    model.save(tmp_path / "b.npz")
    read = Model.load(tmp_path / "a.npz")
    assert (read.labels, read.weights.tolist(), read.transitions.tolist()) == (
        LABELS,
        weights.tolist(),
        model.transitions.tolist(),
    )
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize("lang", ["ar", "de", "en", "es", "fa", "fr", "pt", "ru", "tr", "zh"])
def test_a_language_with_a_model_has_one_and_its_word_lists(lang: str) -> None:
    model = shipped(lang)
    assert model is not None
    assert {"O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"} <= set(model.labels)
    tokens = tokens_of(["."])
    assert lexicon(lang).words(tokens)[1].classes.tolist() == [0]


def test_a_language_without_a_model_has_none() -> None:
    assert shipped("sw") is None


@pytest.mark.parametrize(
    ("lang", "word", "name"),
    [
        ("ar", "الرئيس", "title"),
        ("ar", "وزارة", "org_head"),
        ("en", "Vladimir", "given"),
        ("ru", "сказал", "saying"),
    ],
)
def test_a_word_has_the_class_of_its_list(lang: str, word: str, name: str) -> None:
    tokens = tokens_of([word])
    assert lexicon(lang).words(tokens)[1].classes[0] & 1 << CLASSES.index(name)


def test_an_arabic_word_has_the_class_of_what_stands_behind_its_proclitics() -> None:
    tokens = tokens_of(["ووزارة"])
    _, known = lexicon("ar").words(tokens)
    assert known.classes[0] & 1 << CLASSES.index("org_head")
    assert known.skipped.tolist() == [1]


def test_runs_are_parted_where_a_name_begins() -> None:
    assert runs_of(np.array([0, 1, 2, 1, 3, 4, 0], np.int8), LABELS) == [
        (1, 3, "PER"),
        (3, 4, "PER"),
        (4, 6, "LOC"),
    ]
