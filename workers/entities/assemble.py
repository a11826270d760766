"""From names found in a text to its entities: grouped, weighed, in order."""

from collections.abc import Sequence
from typing import Final

from schemas.tagged_article import Entity, Mention
from workers.entities.names import Named

# A mention counts one, in the first paragraph two; standing in the title counts as two mentions more. News puts
# what it is about first. To be tuned when there is a gold standard for salience.
_FIRST_PARAGRAPH_BONUS: Final = 1
_TITLE_BONUS: Final = 2
_SALIENCE_UNITS: Final = 1_000_000


def assemble(
    text: str, spans: Sequence[tuple[int, int]], things: Sequence[Named], title: str | None
) -> tuple[Entity, ...]:
    """The entities of a text whose mentions are `spans` (in order, not overlapping), by descending salience.

    `things[i]` is what span i names; of equal salience the one that is named first comes first.
    """
    groups: dict[str, tuple[Named, list[Mention]]] = {}
    for (start, end), thing in zip(spans, things, strict=True):
        _, mentions = groups.setdefault(thing.id, (thing, []))
        mentions.append(Mention(start=start, end=end, text=text[start:end]))
    first_paragraph_end = text.find("\n\n") % (len(text) + 1)
    weighed = []
    for thing, mentions in groups.values():
        weight = len(mentions)
        for mention in mentions:
            if mention.start >= first_paragraph_end:
                break
            weight += _FIRST_PARAGRAPH_BONUS
        if title and any(mention.text in title for mention in mentions):
            weight += _TITLE_BONUS
        weighed.append((weight, thing, tuple(mentions)))
    weighed.sort(key=lambda item: -item[0])  # stable: ties stay in the order of their first mentions
    saliences = _shares([weight for weight, _, _ in weighed])
    return tuple(
        _entity(thing, mentions, salience)
        for (_, thing, mentions), salience in zip(weighed, saliences, strict=True)
    )


def _entity(thing: Named, mentions: tuple[Mention, ...], salience: float) -> Entity:
    return Entity(
        id=thing.id,
        label=thing.label,
        name=thing.name,
        name_en=thing.name_en,
        country=thing.country,
        salience=salience,
        mentions=mentions,
    )


def _shares(weights: Sequence[int]) -> list[float]:
    """Descending `weights` as shares of 1, in whole millionths; what rounding leaves goes to the first ones."""
    if not weights:
        return []
    total = sum(weights)
    units = [weight * _SALIENCE_UNITS // total for weight in weights]
    left = _SALIENCE_UNITS - sum(units)
    return [(unit + (index < left)) / _SALIENCE_UNITS for index, unit in enumerate(units)]
