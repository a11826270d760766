"""What a token looks like to the model: rows of a table of weights, found by hashing.

A feature is a pair of what is looked at (the word, its first two letters, the word before) and what stands there. The hash
of the pair is the number of a row of the model's table (Weinberger et al., Feature Hashing for Large Scale Multitask
Learning, ICML 2009), so that the model needs no dictionary. Most features belong to a word wherever it stands: they are
worked out once for every different word of a micro-batch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from workers.entities.characters import CAPITAL, DIGIT, LETTER, SIGN
from workers.entities.tokens import BASE, Flags, Hashes, Ints, Tokens, first_bits, joined_hash

ROW_BITS: Final = 18
"""So many that two features of weight seldom share a row: a model has some 40,000 of weight."""
NO_ROW: Final = 1 << ROW_BITS
"""The row behind the table, whose weights are 0: of a neighbour that is not there."""
Rows = NDArray[np.int32]
_Value = TypeVar("_Value", bound=np.generic)

_AFFIX_CHARS: Final = (1, 2, 3, 4, 5)
_CONTEXT_AFFIX: Final = 3
CLUSTER_BITS: Final = 20
"""Of a word's cluster; above them stands how the word is mostly written."""
_CLUSTER_CUTS: Final = ((1 << CLUSTER_BITS) - 1, 15, 63, 255)
"""Clusters are paths in a tree, the turn at its root in the lowest bit: words near each other share low bits."""
CONJUNCTIONS: Final = (0x648, 0x641)  # ARABIC LETTER WAW, FEH
PREPOSITIONS: Final = (0x628, 0x644, 0x643, 0x633)  # BEH, LAM, KAF, SEEN
ALEF: Final = 0x627
LAM: Final = 0x644
_STEM_CHARS: Final = 3
"""A word behind proclitics has at least so many letters."""
_PAIR: Final = 9
_LISTED: Final = 10
"""Places in the numbering of features: of two neighbours together, and of names of the lists."""


@dataclass(frozen=True, slots=True)
class Stems:
    """Where Arabic words may begin behind "and" or "so", behind a preposition too, behind the article too, and the hashes from there on.

    Each (U,) is a place among the characters, that of the one before where nothing is there to leave out.
    """

    conjunction: Ints
    preposition: Ints
    article: Ints
    hashes: tuple[Hashes, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """The U different words of some tokens: same letters, same shape, same mark where tokens are marked.

    `of` (T,) is each token's word; `token` (U,) one token that is it, from `starts` to `ends` (U,); `hash` and `shape` (U,).
    `stems` are there in Arabic.
    """

    of: Ints
    token: Ints
    starts: Ints
    ends: Ints
    hash: Hashes
    shape: Hashes
    stems: Stems | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the word lists say of the U words: `classes` as bits, `clusters` (0 where there is none).

    `skipped` (U,) are the letters at the beginning of an Arabic word that had to be left out to find its class: proclitics.
    """

    classes: NDArray[np.uint32]
    clusters: NDArray[np.uint32] | None
    skipped: Ints


def words_of(tokens: Tokens, marks: NDArray[np.uint32] | None = None, *, arabic: bool = False) -> Words:
    """The different words among `tokens`; `marks` (T,) part equal ones."""
    hashes = tokens.hashes(tokens.starts, tokens.ends)
    shapes = _shapes(tokens)
    parted = joined_hash(hashes, shapes)
    if marks is not None:
        parted = joined_hash(parted, marks.astype(np.uint64))
    order = parted.argsort()
    in_order = parted[order]
    is_new = np.append(True, in_order[1:] != in_order[:-1])[: len(order)]
    token = order[is_new]
    of = np.empty(len(order), np.int64)
    of[order] = is_new.cumsum() - 1
    starts, ends = tokens.starts[token], tokens.ends[token]
    stems = _stems_of(tokens, starts, ends) if arabic else None
    return Words(of, token, starts, ends, hashes[token], shapes[token], stems)


def _shapes(tokens: Tokens) -> Hashes:
    """A number (T,) for what kind of characters each token has: its case, a class of its length, or the sign it is."""
    starts, length = tokens.starts, tokens.ends - tokens.starts
    inside = tokens.capitals
    kind = tokens.kinds[starts].astype(np.int64)
    begun = np.where(inside == 1, 1, np.where(inside == length, 2, 3))
    case = np.where(kind == CAPITAL, begun, np.where(inside > 0, 4, 0))
    is_word = (kind == LETTER) | (kind == CAPITAL)
    size = np.minimum(length, np.where(kind == DIGIT, 5, np.where(is_word, 3, 1)))
    sign = np.where(kind == SIGN, tokens.codes[starts].astype(np.int64) + 1, 0)
    shapes: Hashes = (sign * 4096 + kind * 256 + case * 16 + size).astype(np.uint64)
    return shapes


def is_one_of(codes: Hashes, letters: Sequence[int]) -> Flags:
    """Which of `codes` are one of a few letters."""
    found: Flags = codes == letters[0]
    for letter in letters[1:]:
        found |= codes == letter
    return found


def _stems_of(tokens: Tokens, starts: Ints, ends: Ints) -> Stems:
    """The stems of words, each from one of `starts` to before its end."""
    codes = np.append(tokens.codes, np.zeros(4, np.uint64))

    def past(begin: Ints, letters: tuple[int, ...]) -> Ints:
        is_there = is_one_of(codes[begin], letters) & (ends - begin > _STEM_CHARS)
        after: Ints = begin + is_there
        return after

    conjunction = past(starts, CONJUNCTIONS)
    preposition = past(conjunction, PREPOSITIONS)
    left = ends - preposition
    is_article = (codes[preposition] == ALEF) & (codes[preposition + 1] == LAM) & (left > _STEM_CHARS + 1)
    swallowed = (preposition > starts) & (codes[preposition - 1] == LAM) & (codes[preposition] == LAM)
    article = preposition + 2 * is_article + (swallowed & (left > _STEM_CHARS))
    behind = (conjunction, preposition, article)
    return Stems(*behind, hashes=tuple(tokens.hashes(begin, ends) for begin in behind))


def word_rows(tokens: Tokens, words: Words, known: Known) -> dict[int, Rows]:
    """Rows (F, U) of the features of each word, by where it stands: at the token itself (0) or -2 to 2 beside it."""
    starts, ends = words.starts, words.ends
    whole, shape, mask = words.hash, words.shape, known.classes.astype(np.uint64)
    prefixes = [tokens.hashes(starts, np.minimum(starts + n, ends)) for n in _AFFIX_CHARS]
    suffixes = [tokens.hashes(np.maximum(ends - n, starts), ends) for n in _AFFIX_CHARS]
    is_longer = [(ends - starts > n).astype(np.uint64) for n in _AFFIX_CHARS]
    stems = words.stems.hashes if words.stems else ()
    masked = joined_hash(mask, shape)
    own = [whole, joined_hash(whole, shape), shape, mask, masked, *stems]
    for affixes in (prefixes, suffixes):
        own += [joined_hash(affix, longer) for affix, longer in zip(affixes, is_longer, strict=True)]
    near = [
        whole,
        shape,
        mask,
        masked,
        prefixes[_CONTEXT_AFFIX - 1],
        suffixes[_CONTEXT_AFFIX - 1],
        *stems[1:],
    ]
    far = [whole, shape, mask]
    if known.clusters is not None:
        wide, *cuts = (_cut(known.clusters, bits) for bits in _CLUSTER_CUTS)
        shaped = joined_hash(cuts[1], shape)
        cased = joined_hash((known.clusters >> np.uint32(CLUSTER_BITS)).astype(np.uint64), shape)
        own += [wide, *cuts, shaped, cased]
        near += [wide, cuts[1], shaped, cased]
        far.append(cuts[1])
    return {
        place: np.stack([_row(each, place, number) for number, each in enumerate(group)])
        for place, group in ((0, own), (-1, near), (1, near), (-2, far), (2, far))
    }


def _cut(clusters: NDArray[np.uint32], bits: int) -> Hashes:
    return np.where(clusters > 0, (clusters & np.uint32(bits)) + np.uint32(bits), 0).astype(np.uint64)


def pair_rows(tokens: Tokens, words: Words, known: Known) -> Iterator[Rows]:
    """Rows (T,) of the features that a token has by its neighbours together; those of another sentence are none."""
    whole, shape, mask = (
        each[words.of] for each in (words.hash, words.shape, known.classes.astype(np.uint64))
    )
    masked = joined_hash(mask, shape)
    (word_1, shape_1, mask_1), (word1, shape1, mask1) = (
        [moved(tokens, each, step, np.uint64(0)) for each in (whole, shape, mask)] for step in (-1, 1)
    )
    shape_2, shape2 = (moved(tokens, shape, step, np.uint64(0)) for step in (-2, 2))
    pairs = (
        (word_1, whole),
        (whole, word1),
        (joined_hash(shape_1, shape), shape1),
        (mask_1, masked),
        (masked, mask1),
        (word_1, word1),
        (mask_1, joined_hash(shape, mask1)),
        (joined_hash(shape_2, shape_1), shape),
        (joined_hash(shape2, shape1), shape),
    )
    for number, (first, second) in enumerate(pairs):
        yield _row(joined_hash(first, second), _PAIR, number)


def listed_rows(tokens: Tokens, categories: NDArray[np.uint8]) -> Iterator[Rows]:
    """Rows (T,) of the names of the lists that a token and its neighbours are part of; category 0 is none."""
    known = categories.astype(np.uint64)
    sides = [moved(tokens, known, step, np.uint64(0)) for step in (-1, 1)]
    for number, each in enumerate(
        (known, *sides, joined_hash(known, sides[0]), joined_hash(known, sides[1]))
    ):
        nothing = each == (0 if number < 3 else _NO_PAIR)
        yield np.where(nothing, NO_ROW, _row(each, _LISTED, number))


def moved(tokens: Tokens, values: NDArray[_Value], step: int, nothing: _Value) -> NDArray[_Value]:
    """`values` (T,) or (..., T) of the token `step` on; `nothing` where that is in another sentence."""
    out = np.full_like(values, nothing)
    same = tokens.sentence[abs(step) :] == tokens.sentence[: -abs(step)]
    if step < 0:
        out[..., -step:] = np.where(same, values[..., :step], nothing)
    else:
        out[..., :-step] = np.where(same, values[..., step:], nothing)
    return out


def _row(values: Hashes, place: int, number: int) -> Rows:
    salt = (((place + 16) * 64 + number + 1) * BASE) % (1 << 64)
    return first_bits(values ^ np.uint64(salt), ROW_BITS).astype(np.int32)


_NO_PAIR: Final = int(joined_hash(np.zeros(1, np.uint64), np.zeros(1, np.uint64))[0])
