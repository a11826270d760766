"""Which blocks of a page are main text, by its gold text or by gold segments."""

import re
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workers.boilerplate.paragraphs import letters

_WORD = re.compile(r"\w+")
_SURE_CHARS = 25
"""A block with so many letters that stands in the gold text as it is does so for no other reason."""
_SHINGLE = 4
_UNKNOWN = np.float32(-1)


def from_text(blocks: Sequence[str], gold: str) -> NDArray[np.float32]:
    """For each block the share of it (0..1) that is main text.

    Long blocks are found by their letters, or else by their shingles; short ones count where the gold text has them
    between the long ones that stand before and after.
    """
    target = letters(gold)
    words = _WORD.findall(gold.casefold())
    shingles = {tuple(words[i : i + _SHINGLE]) for i in range(len(words) - _SHINGLE + 1)}
    shares = np.zeros(len(blocks), np.float32)
    places: list[
        tuple[int, int, int]
    ] = []  # of the sure ones: block, begin and end in the letters of the gold text
    for number, text in enumerate(blocks):
        own = letters(text)
        if len(own) >= _SURE_CHARS:
            found = target.find(own)
            if found >= 0:
                shares[number] = 1
                places.append((number, found, found + len(own)))
            else:
                shares[number] = _shared(_WORD.findall(text.casefold()), shingles)
    places = _in_order(places)
    numbers = [place[0] for place in places]
    for number, text in enumerate(blocks):
        own = letters(text)
        if not own or len(own) >= _SURE_CHARS or not places:
            continue
        after = bisect_left(numbers, number)
        begin = places[after - 1][2] if after else max(0, places[0][1] - 200)
        end = places[after][1] if after < len(places) else min(len(target), places[-1][2] + 200)
        shares[number] = own in target[begin:end]
    return shares


def from_segments(
    blocks: Sequence[str], wanted: Sequence[str], unwanted: Sequence[str]
) -> NDArray[np.float32]:
    """1 for a block that holds a wanted segment, 0 for one that holds an unwanted one, -1 where nothing is known."""
    labels = np.full(len(blocks), _UNKNOWN)
    texts = [" ".join(text.split()) for text in blocks]
    for segments, value in ((unwanted, 0), (wanted, 1)):
        for segment in (" ".join(item.split()) for item in segments):
            for number, text in enumerate(texts):
                if segment and segment in text:
                    labels[number] = value
    return labels


def _shared(words: Sequence[str], shingles: set[tuple[str, ...]]) -> float:
    own = [tuple(words[i : i + _SHINGLE]) for i in range(len(words) - _SHINGLE + 1)]
    return sum(item in shingles for item in own) / len(own) if own else 0.0


def _in_order(places: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The longest run of places that go up in the gold text, so that a quote elsewhere on the page leads nobody astray."""
    tails: list[int] = []
    ends: list[int] = []
    before = [-1] * len(places)
    for i, (_, begin, _) in enumerate(places):
        at = bisect_left(tails, begin)
        if at == len(tails):
            tails.append(begin)
            ends.append(i)
        else:
            tails[at], ends[at] = begin, i
        before[i] = ends[at - 1] if at else -1
    kept = []
    i = ends[-1] if ends else -1
    while i >= 0:
        kept.append(places[i])
        i = before[i]
    return kept[::-1]
