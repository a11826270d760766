"""When two articles count as the same: the numbers of the rules that workers/stores/lua follows."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Near-duplicates are found by shared anchors and confirmed by their sketches.

    All numbers were chosen with `python -m workers.dedup.evaluate DATA --half a`, on generated edits of real Arabic and
    English articles: F1 .9936, precision 1; on half b, which chose nothing, .9927 and .9996. One at a time, both
    halves (F1 .9924; `--rule NAME=NUMBER`): a containment of .55 whatever the anchors: .9900; no rule for boilerplate:
    .880; no rule for names: .9923 (the stream has no templates without numbers); `numbers` of 4: .9896; Jaccard .4 and
    containment .7 whatever the anchors: .983. Another hash function moves F1 by .002.
    """

    compared: int = 12
    """At most so many earlier articles, those with most anchors in common first, are compared."""
    shared_anchors: int = 2
    """Fewer in common are no reason to compare."""
    jaccard: float = 0.3
    containment: float = 0.5
    """Alike: Jaccard of at least `jaccard`, or this part of one text is in the other."""
    many_anchors: int = 6
    containment_with_many: float = 0.35
    """With so many anchors in common, the sketches need to say less: anchors are of the lead as well."""
    truncated_ratio: float = 0.8
    """A copy with fewer shingles than this part of the other is truncated, the other way round extended."""
    short_ratio: float = 0.5
    """A text of at most 64 shingles, and less than this part of the other, is an alert."""
    contained: float = 0.7
    """An alert is in a later story if this part of its shingles is in the story's lead."""
    numbers: int = 5
    numbers_shared: float = 0.5
    """If both texts hold at least `numbers` different numbers (of those sampled), this part must agree: weather,
    market and results templates differ in little else."""
    unlike: float = 0.5
    unlike_numbers_shared: float = 0.6
    """Below this Jaccard, more of the numbers must agree."""
    names: int = 2
    names_shared: float = 0.34
    names_ratio: float = 0.8
    """Where there are fewer numbers, this part of the persons and places must be the same if both name at least
    `names`, and the shorter text has this part of the longer one's shingles: so with obituaries and cables."""
    common_stories: int = 3
    """Shingles that stand in so many stories of one source say nothing: they are its boilerplate."""


RULES: Final = Rules()
