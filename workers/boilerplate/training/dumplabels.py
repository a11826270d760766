"""Which lines of a dump belong to its known main text."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SHINGLE: Final = 4
_CANDIDATES: Final = 6
_WHOLE_TOKENS: Final = 2
"""A line of so few tokens belongs to the text only where it is a line of it; words alone stand anywhere by chance."""
# A word, or one character of a script without spaces: kana, ideographs; Thai, Myanmar.
_TOKEN: Final = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f\u1000-\u109f]|[^\\W\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f\u1000-\u109f]+"
)


def label_lines(lines: Sequence[str], gold: str) -> NDArray[np.float32]:
    """For each line the share of it (0..1) that is main text.

    Lines and gold are aligned so that the order of both is kept and as many tokens as can be are covered: the lead
    that a page also shows as a teaser above its article is labelled once.
    """
    gold_tokens, gold_starts = _gold(gold)
    index: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for size in range(1, _SHINGLE + 1):
        for at in range(len(gold_tokens) - size + 1):
            index[tuple(gold_tokens[at : at + size])].append(at)
    found = [
        (number, start, length, covered)
        for number, line in enumerate(lines)
        for start, length, covered in _candidates(_TOKEN.findall(line), index, gold_starts)
    ]
    labels = np.zeros(len(lines), np.float32)
    for number, _, length, covered in _best_chain(found):
        labels[number] = min(1.0, covered / length)
    return labels


def tokens(text: str) -> list[str]:
    """Words, as the scorer counts them."""
    return _TOKEN.findall(text)


def label_by_segments(
    lines: Sequence[str], inside: Sequence[str], outside: Sequence[str]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Labels and weights of lines of a page of which only some segments are known; weight 0 where nothing is."""
    known_in, known_out = (
        [" ".join(part.split()) for part in inside],
        [" ".join(part.split()) for part in outside],
    )
    labels, weights = np.zeros(len(lines), np.float32), np.zeros(len(lines), np.float32)
    for number, line in enumerate(lines):
        is_out = any(part in line for part in known_out) or line in known_out
        is_in = any(part in line or (len(line) > 30 and line in part) for part in known_in)
        if is_in != is_out:
            labels[number], weights[number] = is_in, 1
    return labels, weights


def _gold(gold: str) -> tuple[list[str], set[int]]:
    """The tokens of the main text, and at which of them a line begins or the text ends."""
    found: list[str] = []
    starts: set[int] = set()
    for line in gold.split("\n"):
        starts.add(len(found))
        found += _TOKEN.findall(line)
    starts.add(len(found))
    return found, starts


def _candidates(
    line: list[str], index: dict[tuple[str, ...], list[int]], starts: set[int]
) -> list[tuple[int, int, int]]:
    """Places (start, tokens, tokens covered) in the gold where a line may stand."""
    if not line:
        return []
    if len(line) < _SHINGLE:
        places = index.get(tuple(line), [])
        if len(line) <= _WHOLE_TOKENS:
            places = [at for at in places if at in starts and at + len(line) in starts]
        return [(at, len(line), len(line)) for at in places[:_CANDIDATES]]
    votes: Counter[int] = Counter()
    for at in range(len(line) - _SHINGLE + 1):
        for place in index.get(tuple(line[at : at + _SHINGLE]), [])[:20]:
            votes[place - at] += 1
    best = votes.most_common(_CANDIDATES)
    return [(max(start, 0), len(line), count + _SHINGLE - 1) for start, count in best]


def _best_chain(found: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Of (line, start, tokens, covered) the chain of increasing lines and starts that covers most."""
    if not found:
        return []
    lines = np.array([item[0] for item in found])
    starts = np.array([item[1] for item in found])
    covered = np.array([item[3] for item in found], np.float64)
    ends = starts + covered
    best, link = covered.copy(), np.full(len(found), -1)
    for number in range(1, len(found)):
        fits = (lines[:number] < lines[number]) & (ends[:number] <= starts[number] + 2)
        if fits.any():
            sums = np.where(fits, best[:number], -1)
            last = int(sums.argmax())
            best[number] += sums[last]
            link[number] = last
    chain, at = [], int(best.argmax())
    while at >= 0:
        chain.append(found[at])
        at = int(link[at])
    return chain[::-1]
