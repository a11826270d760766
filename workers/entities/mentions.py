"""From what the model says of tokens to mentions: with the lists' names, one label a name in a text, no Arabic proclitics."""

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Sequence
from functools import cache, partial
from itertools import pairwise
from typing import Final

import numpy as np

from schemas.tagged_article import Label
from workers.entities.elsewhere import everywhere
from workers.entities.gazetteer import Gazetteer
from workers.entities.listed import Listed, Mention, Run, Tagged, with_listed
from workers.entities.placed import with_places
from workers.entities.view import APOSTROPHE, BRACKETS, SHORTEST_REST, View

_WAW: Final = 0x648
_AT: Final = ord("@")
_Settle = Callable[[str, tuple[int, ...]], str]


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
    settle = cache(partial(_settled, listed.gazetteer))
    mentions = [
        _mentions(view, listed, _of_one_label(view, runs), span, settle)
        for runs, span in zip(found, spans, strict=True)
    ]
    return with_places(view, listed, mentions)


def _completed(view: View, runs: list[Run], span: tuple[int, int]) -> list[Run]:
    """`runs` of a text of tokens `span`: double names whole, and acronyms in brackets behind what they are short for."""
    whole: list[Run] = []
    for first, end, label in runs:
        is_handle = first > span[0] and view.sign[first - 1] == _AT and not view.is_spaced[first]
        if is_handle or (whole and first < whole[-1][1]):
            continue
        if label == Label.PER:
            begin = whole[-1][1] if whole else span[0]
            while first - 2 >= begin and view.is_hyphen(first - 1) and view.is_capital[first - 2]:
                first -= 2  # noqa: PLW2901 - the same run, from its beginning
            while end + 1 < span[1] and view.is_hyphen(end) and view.is_surname(end + 1):
                end += 2  # noqa: PLW2901 - the same run, to its end
        if view.is_german and end + 1 < span[1] and view.is_hyphen(end):
            continue  # "US-Dollar": the compound is no name
        if view.is_turkish and view.is_suffixed(end):
            end += 2  # noqa: PLW2901 - the same run, with its case ending
        if end - first > 3 and (view.sign[end - 3], view.sign[end - 1]) == BRACKETS:
            whole += [(first, end - 3, label), (end - 2, end - 1, label)]
            continue
        whole.append((first, end, label))
        if label == Label.ORG and end + 2 < span[1] and view.is_bracketed(end):
            whole.append((end + 1, end + 2, label))
    return whole


def _of_one_label(view: View, runs: list[Run]) -> list[Run]:
    """`runs` where equal names have one label in the text: the most frequent one, of equals the first."""
    labels: dict[tuple[int, ...], list[str]] = defaultdict(list)
    keys = [tuple(view.hashes[first:end]) for first, end, _ in runs]
    for key, (_, _, label) in zip(keys, runs, strict=True):
        labels[key].append(label)
    best = {
        key: each[0] if len(each) == 1 else Counter(each).most_common(1)[0][0] for key, each in labels.items()
    }
    return [(first, end, best[key]) for key, (first, end, _) in zip(keys, runs, strict=True)]


def _mentions(
    view: View, listed: Listed, runs: Sequence[Run], span: tuple[int, int], settle: _Settle
) -> list[Mention]:
    """The runs of one text, of the tokens `span`, as mentions."""
    words = frozenset(view.hashes[slice(*span)]) if view.is_arabic else frozenset()
    mentions = []
    for first, end, label in runs:
        start, entries = listed.of(first, _name_end(view, first, end))
        if start is None:
            start = _without_proclitics(view, first, words)
        mentions.append(Mention(first, end, start, settle(label, entries), entries))
    return mentions


def _name_end(view: View, first: int, end: int) -> int:
    """Where the name in a run ends: Turkish parts case endings off by an apostrophe, and they belong to the mention."""
    if view.is_turkish and APOSTROPHE in view.sign[first + 1 : end]:
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


def _without_proclitics(view: View, token: int, words: Container[int]) -> int:
    """Where the name in a word begins: behind Arabic proclitics, if what they leave is known, or one of the text's `words`.

    Of a word that nothing is known of WAW is left out: few names begin with it, and those are listed.
    """
    begin = int(view.tokens.starts[token])
    if not view.is_arabic:
        return begin
    if view.classes[token]:
        return begin + int(view.skipped[token])
    rests = view.rests.of(token, token + 1)
    for skip, rest in zip(view.rests.skip[rests].tolist(), view.rests.hash[rests].tolist(), strict=True):
        if rest in words:
            return begin + int(skip)
    return begin + int(view.tokens.codes[begin] == _WAW and view.chars[token] > SHORTEST_REST)
