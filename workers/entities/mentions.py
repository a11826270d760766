"""From what the model says of tokens to mentions: with the lists' names, one label a name in a text, no Arabic proclitics."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache, partial
from itertools import pairwise
from typing import Final

import numpy as np

from schemas.tagged_article import Label
from workers.entities.elsewhere import everywhere
from workers.entities.gazetteer import Gazetteer
from workers.entities.hashes import among
from workers.entities.listed import Listed, Mention, Run, Tagged, with_listed
from workers.entities.placed import with_places
from workers.entities.tokens import Ints, joined_hash
from workers.entities.view import APOSTROPHE, AT, BRACKETS, SHORTEST_REST, View

_WAW: Final = 0x648


def mentions_of(tagged: Tagged) -> list[list[Mention]]:
    """The mentions in each of the texts, in order, none overlapping."""
    listed = Listed(tagged)
    by_text: list[list[Run]] = [[] for _ in tagged.tokens.offsets]
    text_of = tagged.tokens.text
    for run in with_listed(tagged.runs, listed):
        by_text[text_of[run[0]]].append(run)
    bounds = np.searchsorted(text_of, np.arange(len(by_text) + 1)).tolist()
    spans = list(pairwise(bounds))
    view = View(tagged)
    completed = [_completed(view, runs, span) for runs, span in zip(by_text, spans, strict=True)]
    found = everywhere(view, completed)
    one_label = [_of_one_label(view, runs) for runs in found]
    return with_places(view, listed, _mentions(view, listed, one_label))


def _completed(view: View, runs: list[Run], span: tuple[int, int]) -> list[Run]:
    """`runs` of a text of tokens `span`: double names whole, and acronyms in brackets behind what they are short for."""
    whole: list[Run] = []
    for run in runs:
        first, end, _ = run
        begin = whole[-1][1] if whole else span[0]
        if first < begin:
            continue
        if first - 1 in view.joints or end - 1 in view.joints or end in view.joints:
            whole += _joined(view, run, begin, span)
        else:
            whole.append(run)
    return whole


def _joined(view: View, run: Run, begin: int, span: tuple[int, int]) -> list[Run]:
    """What is to be made of a run beside or with a sign that joins words, where the run before ends at `begin`."""
    first, end, label = run
    if first > span[0] and view.sign[first - 1] == AT and not view.is_spaced[first]:
        return []  # a handle
    if label == Label.PER:
        while first - 2 >= begin and view.is_hyphen(first - 1) and view.is_capital[first - 2]:
            first -= 2
        while end + 1 < span[1] and view.is_hyphen(end) and view.is_surname(end + 1):
            end += 2
    if view.is_german and end + 1 < span[1] and view.is_hyphen(end):
        return []  # "US-Dollar": the compound is no name
    if view.is_turkish and view.is_suffixed(end):
        end += 2
    if end - first > 3 and (view.sign[end - 3], view.sign[end - 1]) == BRACKETS:
        return [(first, end - 3, label), (end - 2, end - 1, label)]
    if label == Label.ORG and end + 2 < span[1] and view.is_bracketed(end):
        return [(first, end, label), (end + 1, end + 2, label)]
    return [(first, end, label)]


def _of_one_label(view: View, runs: list[Run]) -> list[Run]:
    """`runs` where equal names have one label in the text: the most frequent one, of equals the first."""
    hashes = view.hashes
    keys = [hashes[first] if end - first == 1 else tuple(hashes[first:end]) for first, end, _ in runs]
    first_labels: dict[int | tuple[int, ...], str] = {}
    if all(first_labels.setdefault(key, run[2]) == run[2] for key, run in zip(keys, runs, strict=True)):
        return runs
    counts: dict[int | tuple[int, ...], Counter[str]] = defaultdict(Counter)
    for key, (_, _, label) in zip(keys, runs, strict=True):
        counts[key][label] += 1
    best = {key: each.most_common(1)[0][0] for key, each in counts.items()}
    return [(first, end, best[key]) for key, (first, end, _) in zip(keys, runs, strict=True)]


def _mentions(view: View, listed: Listed, by_text: Sequence[Sequence[Run]]) -> list[list[Mention]]:
    """The runs of each text as mentions."""
    hits = [
        [listed.of(first, _name_end(view, first, end) if view.is_turkish else end) for first, end, _ in runs]
        for runs in by_text
    ]
    unlisted = [run[0] for runs, found in zip(by_text, hits, strict=True)
                for run, (start, _) in zip(runs, found, strict=True) if start is None]  # fmt: skip
    starts = iter(_without_proclitics(view, np.array(unlisted, np.int64)).tolist())
    settle = cache(partial(_settled, listed.gazetteer))
    return [
        [
            Mention(first, end, next(starts) if start is None else start, settle(label, entries), entries)
            for (first, end, label), (start, entries) in zip(runs, found, strict=True)
        ]
        for runs, found in zip(by_text, hits, strict=True)
    ]


def _name_end(view: View, first: int, end: int) -> int:
    """Where the name in a run ends: Turkish parts case endings off by an apostrophe, and they belong to the mention."""
    if APOSTROPHE in view.sign[first + 1 : end]:
        return first + 1 + int(np.argmax(view.sign[first + 1 : end] == APOSTROPHE))
    return end


def _settled(gazetteer: Gazetteer, label: str, entries: tuple[int, ...]) -> str:
    """The label of the lists where they leave no doubt: a country, or one thing that is no city, and no person's name."""
    if entries and gazetteer.is_own(entries[0]):
        return gazetteer.label(entries[0]).value
    labels = {gazetteer.label(entry) for entry in entries}
    if label == Label.PER:
        return label
    if any(map(gazetteer.is_country, entries)):
        return Label.LOC
    return labels.pop().value if len(labels) == 1 and not any(map(gazetteer.is_city, entries)) else label


def _without_proclitics(view: View, at: Ints) -> Ints:
    """Where the names in the words `at` begin: behind Arabic proclitics, if what they leave is known, or a word of the text.

    Of a word that nothing is known of WAW is left out: few names begin with it, and those are listed.
    """
    begin = view.tokens.starts[at]
    if not view.is_arabic:
        return begin
    is_known = view.classes[at] != 0
    is_waw = (view.tokens.codes[begin] == _WAW) & (view.chars[at] > SHORTEST_REST)
    skip = np.where(is_known, view.skipped[at], is_waw)
    rests, texts = view.rests, view.tokens.text.astype(np.uint64)
    is_asked = np.zeros(len(view.hash), np.bool_)
    is_asked[at[~is_known]] = True
    rows = np.flatnonzero(is_asked[rests.token])
    in_text = joined_hash(view.hash, texts)
    rows = rows[among(np.sort(in_text), joined_hash(rests.hash[rows], texts[rests.token[rows]]))][::-1]
    left_out = np.zeros(len(view.hash), np.int64)
    left_out[rests.token[rows]] = rests.skip[rows]  # from the last row to the first, which stays
    return begin + np.where(left_out[at] > 0, left_out[at], skip)
