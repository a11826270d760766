"""Why an article was found to be what it is to an earlier one, from the two texts.

The index decides by samples (workers/dedup/signature.py), and without what it knows to be a source's boilerplate. Here
all of both texts is compared, so a figure can fall on the other side of a rule's number than the estimate did.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import pairwise, takewhile
from typing import Any, Final

import numpy as np

from schemas.published_article import Duplicate, Relation
from schemas.tagged_article import Label, TaggedArticle
from workers.dedup import characters
from workers.dedup.rules import RULES, Rules
from workers.dedup.signature import MAX_CODE_POINTS, SHINGLE_WORDS, SKETCH_SIZE

MOST_PASSAGES: Final = 5
_MOST_PLACES: Final = 16
"""A run of words that stands in more places of a text is looked for in so many of them; it bounds the time."""
_NAMED: Final = frozenset({Label.PER, Label.LOC})


@dataclass(frozen=True, slots=True)
class Word:
    """A word as fingerprints see it, and where it stands in the text: half-open, in code points. `folded` is the same for
    all forms of a word.
    """

    folded: bytes
    start: int
    end: int
    is_number: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of words that both texts have: where it stands in the article and in the other one, in code points."""

    words: int
    start: int
    end: int
    other_start: int
    other_end: int


@dataclass(frozen=True, slots=True)
class Particulars:
    """What both articles state, and what only one of them does, as written, in the order of the text."""

    both: tuple[str, ...]
    only_here: tuple[str, ...]
    only_there: tuple[str, ...]

    @property
    def fewer(self) -> int:
        return len(self.both) + min(len(self.only_here), len(self.only_there))

    @property
    def shared(self) -> float:
        """The part of the shorter list that is in the other, 0..1; 1 where there is none."""
        return len(self.both) / self.fewer if self.fewer else 1.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """Of the distinct shingles of the whole texts: how many, and ratios in 0..1."""

    shingles: int
    other_shingles: int
    jaccard: float
    here_in_there: float
    there_in_here: float

    @property
    def length(self) -> float:
        """Shingles of the article for each of the other one."""
        return self.shingles / self.other_shingles if self.other_shingles else 1.0


@dataclass(frozen=True, slots=True)
class Check:
    """A rule, its number's name (in workers.dedup.rules or signature), and what the whole texts say to it."""

    rule: str
    says: str
    value: float
    threshold: float
    holds: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """An article beside the one that its verdict names. `passages` are the longest, longest first."""

    likeness: Likeness
    passages: tuple[Passage, ...]
    numbers: Particulars
    names: Particulars
    rule: str
    checks: tuple[Check, ...]


def words(text: str) -> list[Word]:
    """The words of a text, in order, as `workers.dedup.signature.sign` sees them. Accepts any `str`."""
    prepared = [characters.prepare(character) for character in text[:MAX_CODE_POINTS]]
    codes = characters.code_points("".join(prepared))
    at = np.repeat(np.arange(len(prepared)), [len(part) for part in prepared])
    kinds = characters.kinds(codes)
    kept = kinds != characters.DROPPED
    codes, kinds, places = codes[kept], kinds[kept], at[kept].tolist()
    in_word = kinds != characters.GAP
    starts = np.flatnonzero(characters.begins_word(kinds)).tolist()
    letters = characters.hashes(codes)
    found = []
    for start, limit in pairwise([*starts, len(codes)]):
        end = start + int(in_word[start:limit].sum())
        is_number = bool((kinds[start:end] & characters.DIGIT).any())
        found.append(Word(letters[start:end].tobytes(), places[start], places[end - 1] + 1, is_number))
    return found


def compare(
    article: TaggedArticle, other: TaggedArticle, verdict: Duplicate, rules: Rules = RULES
) -> Comparison:
    """The article and the one that `verdict.of` or `verdict.contains` names. Deterministic."""
    ours, theirs = words(article.text), words(other.text)
    likeness = _likeness(ours, theirs)
    numbers = _particulars(
        {word.folded: article.text[word.start : word.end] for word in reversed(ours) if word.is_number},
        {word.folded: other.text[word.start : word.end] for word in reversed(theirs) if word.is_number},
    )
    names = _particulars(_named(article), _named(other))
    return Comparison(
        likeness=likeness,
        passages=tuple(nlargest(MOST_PASSAGES, passages(ours, theirs), key=lambda passage: passage.words)),
        numbers=numbers,
        names=names,
        rule=rule_of(verdict.relation),
        checks=tuple(_checks(verdict.relation, likeness, numbers, names, rules)),
    )


def in_words(verdict: Duplicate) -> str:
    """The verdict as a sentence, with the id of the article that it names."""
    if verdict.relation is Relation.UNIQUE and verdict.contains:
        return f"unique: nothing like it was seen, but the alert {verdict.contains}, which it contains"
    name = str(verdict.relation).replace("_", " ")
    if verdict.relation is Relation.REVISION and verdict.revision is not None:
        name += f" {verdict.revision}"
    return f"{name}: {_VERDICTS[verdict.relation].format(of=verdict.of or 'an earlier article')}"


def rule_of(relation: Relation) -> str:
    """What an article is found to be this by, of a unique one: to contain an alert."""
    return _RULES_IN_WORDS[relation]


def unique_rule(rules: Rules = RULES) -> str:
    """What an article is found unique by."""
    return (
        f"of the articles that the index remembered, none was alike: {rules.jaccard:.0%} (jaccard), or "
        f"{rules.containment:.0%} of one in the other (containment), and the same numbers or names"
    )


_VERDICTS: Final = {
    Relation.UNIQUE: "nothing like it was seen",
    Relation.EXACT: "the same words as {of}",
    Relation.NEAR: "an edited copy of {of}",
    Relation.TRUNCATED: "a copy of {of} from which much was cut",
    Relation.EXTENDED: "a copy of {of} to which much was added",
    Relation.CONTAINED_IN: "a few sentences that stand in {of}, which is longer",
    Relation.REVISION: "a changed text of a page; the version before is {of}",
}
_RULES_IN_WORDS: Final = {
    Relation.UNIQUE: "a short text that stands in a later, longer one is an alert; the longer one is published",
    Relation.EXACT: "all words are the same; case, accents, punctuation and spacing do not count",
    Relation.NEAR: "alike, and of about the same length",
    Relation.TRUNCATED: "alike, and much shorter",
    Relation.EXTENDED: "alike, and much longer",
    Relation.CONTAINED_IN: "short, and most of it stands in a text that is much longer",
    Relation.REVISION: "the page (URL) was seen before with another text, however much alike they are",
}


def _shingles(text: Sequence[Word]) -> list[tuple[bytes, ...]]:
    folded = [word.folded for word in text]
    return list(zip(*(folded[offset:] for offset in range(SHINGLE_WORDS)), strict=False))


def _likeness(ours: Sequence[Word], theirs: Sequence[Word]) -> Likeness:
    here, there = set(_shingles(ours)), set(_shingles(theirs))
    common = len(here & there)
    if not here or not there:
        same = float([word.folded for word in ours] == [word.folded for word in theirs])
        return Likeness(len(here), len(there), same, same, same)
    return Likeness(
        shingles=len(here),
        other_shingles=len(there),
        jaccard=common / len(here | there),
        here_in_there=common / len(here),
        there_in_here=common / len(there),
    )


def passages(ours: Sequence[Word], theirs: Sequence[Word]) -> Iterator[Passage]:
    """Runs of words in common that do not overlap in the article, in order: at each word the longest that begins there.

    They are of SHINGLE_WORDS words at least.
    """
    places: dict[tuple[bytes, ...], list[int]] = {}
    for there, shingle in enumerate(_shingles(theirs)):
        found = places.setdefault(shingle, [])
        if len(found) < _MOST_PLACES:
            found.append(there)
    shingles = _shingles(ours)
    here = 0
    while here < len(shingles):
        length, there = max(
            ((_run(ours, theirs, here, place), -place) for place in places.get(shingles[here], ())),
            default=(0, 0),
        )
        if length:
            yield _passage(ours, theirs, here, -there, length)
        here += max(1, length)


def _run(ours: Sequence[Word], theirs: Sequence[Word], here: int, there: int) -> int:
    pairs = zip(range(here, len(ours)), range(there, len(theirs)), strict=False)
    return sum(1 for _ in takewhile(lambda pair: ours[pair[0]].folded == theirs[pair[1]].folded, pairs))


def _passage(ours: Sequence[Word], theirs: Sequence[Word], here: int, there: int, length: int) -> Passage:
    return Passage(
        words=length,
        start=ours[here].start,
        end=ours[here + length - 1].end,
        other_start=theirs[there].start,
        other_end=theirs[there + length - 1].end,
    )


def _named(article: TaggedArticle) -> dict[str, str]:
    return {entity.id: entity.name for entity in reversed(article.entities) if entity.label in _NAMED}


def _particulars(here: Mapping[Any, str], there: Mapping[Any, str]) -> Particulars:
    """Of things by their identity; the dictionaries are in reverse, so that a thing's first form counts."""
    return Particulars(
        both=tuple(here[key] for key in [*here][::-1] if key in there),
        only_here=tuple(here[key] for key in [*here][::-1] if key not in there),
        only_there=tuple(there[key] for key in [*there][::-1] if key not in here),
    )


def _checks(
    relation: Relation, likeness: Likeness, numbers: Particulars, names: Particulars, rules: Rules
) -> Iterator[Check]:
    if relation in {Relation.EXACT, Relation.REVISION}:
        return
    if relation is Relation.UNIQUE:
        yield from _short(1 / (likeness.length or 1), likeness.other_shingles, "the alert", rules)
        part = likeness.there_in_here
        yield _at_least("contained", "part of the alert that stands in this text", part, rules.contained)
    else:
        yield _alike(relation, likeness, rules)
        yield from _lengths(relation, likeness, rules)
    yield from _agreement(likeness, numbers, names, rules)


def _alike(relation: Relation, likeness: Likeness, rules: Rules) -> Check:
    """Containment where one text is the other with something left out; else whichever of the two holds."""
    says, contained = {
        Relation.EXTENDED: ("part of the other text that is in this one", likeness.there_in_here),
        Relation.NEAR: (
            "part of one text that is in the other",
            max(likeness.here_in_there, likeness.there_in_here),
        ),
    }.get(relation, ("part of this text that is in the other", likeness.here_in_there))
    is_jaccard = likeness.jaccard >= rules.jaccard and (
        relation is Relation.NEAR or contained < rules.containment
    )
    if is_jaccard:
        return _at_least("jaccard", "Jaccard similarity of the shingles", likeness.jaccard, rules.jaccard)
    if relation is Relation.CONTAINED_IN:
        return _at_least("contained", says, contained, rules.contained)
    if rules.containment_with_many <= contained < rules.containment:
        says = f"{says}, with {rules.many_anchors} anchors in common"
        return _at_least("containment_with_many", says, contained, rules.containment_with_many)
    return _at_least("containment", says, contained, rules.containment)


def _lengths(relation: Relation, likeness: Likeness, rules: Rules) -> Iterator[Check]:
    ratio, inverse = likeness.length, 1 / (likeness.length or 1)
    limit = rules.truncated_ratio
    if relation is Relation.NEAR:
        yield _at_least("truncated_ratio", "length of the shorter to the longer", min(ratio, inverse), limit)
    elif relation is Relation.EXTENDED:
        yield _less("truncated_ratio", "length of the other text to this one", inverse, limit)
    elif relation is Relation.TRUNCATED:
        yield _less("truncated_ratio", "length of this text to the other", ratio, limit)
    else:
        yield from _short(ratio, likeness.shingles, "this text", rules)


def _short(ratio: float, shingles: int, which: str, rules: Rules) -> Iterator[Check]:
    yield _less("short_ratio", f"length of {which} to the longer", ratio, rules.short_ratio)
    says = f"shingles of {which}, fewer than"
    yield Check("SKETCH_SIZE", says, shingles, SKETCH_SIZE + 1, holds=shingles <= SKETCH_SIZE)


def _agreement(likeness: Likeness, numbers: Particulars, names: Particulars, rules: Rules) -> Iterator[Check]:
    if numbers.fewer >= rules.numbers:
        is_unlike = likeness.jaccard < rules.unlike
        rule = "unlike_numbers_shared" if is_unlike else "numbers_shared"
        limit = rules.unlike_numbers_shared if is_unlike else rules.numbers_shared
        yield _at_least(rule, "part of the numbers that agree", numbers.shared, limit)
        return
    ratio = min(likeness.length, 1 / (likeness.length or 1))
    if ratio >= rules.names_ratio and names.fewer >= rules.names:
        says = "part of the persons and places that agree"
        yield _at_least("names_shared", says, names.shared, rules.names_shared)


def _at_least(rule: str, says: str, value: float, threshold: float) -> Check:
    return Check(rule, f"{says}, at least", value, threshold, holds=value >= threshold)


def _less(rule: str, says: str, value: float, threshold: float) -> Check:
    return Check(rule, f"{says}, less than", value, threshold, holds=value < threshold)
