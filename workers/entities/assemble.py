"""From names found in a text to its entities: grouped, weighed, in order."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Final

from schemas.tagged_article import Entity, Mention
from workers.entities.link import Name
from workers.entities.names import Named

# A mention counts one, in the first paragraph two; standing in the title counts as two mentions more. News puts
# what it is about first. To be tuned when there is a gold standard for salience.
_FIRST_PARAGRAPH_BONUS: Final = 1
_TITLE_BONUS: Final = 2
_SALIENCE_UNITS: Final = 1_000_000


def assemble(
    names: Sequence[Name], things: Sequence[Named], text: str, title: str | None
) -> tuple[Entity, ...]:
    """The entities of a text whose mentions are `names` (in order, not overlapping), by descending salience.

    `things[i]` is what name i means; of equal salience the one that is named first comes first.
    """
    groups: dict[str, tuple[Named, list[Name]]] = {}
    for name, thing in zip(names, things, strict=True):
        if group := groups.get(thing.id):
            group[1].append(name)
        else:
            groups[thing.id] = (thing, [name])
    first_paragraph_end = text.find("\n\n") % (len(text) + 1)
    weighed = [
        (_weight(mentions, first_paragraph_end, title), thing, mentions)
        for thing, mentions in groups.values()
    ]
    weighed.sort(key=itemgetter(0), reverse=True)  # stable: ties stay in the order of their first mentions
    saliences = _shares([weight for weight, _, _ in weighed])
    return tuple(
        _entity(thing, mentions, salience)
        for (_, thing, mentions), salience in zip(weighed, saliences, strict=True)
    )


def _weight(mentions: Sequence[Name], first_paragraph_end: int, title: str | None) -> int:
    weight = len(mentions)
    for mention in mentions:
        if mention.start >= first_paragraph_end:
            break
        weight += _FIRST_PARAGRAPH_BONUS
    if title and any(mention.text in title for mention in mentions):
        weight += _TITLE_BONUS
    return weight


def _entity(thing: Named, mentions: Sequence[Name], salience: float) -> Entity:
    return Entity(
        id=thing.id,
        label=thing.label,
        name=thing.name,
        name_en=thing.name_en,
        country=thing.country,
        salience=salience,
        mentions=tuple([Mention(start=each.start, end=each.end, text=each.text) for each in mentions]),
    )


def _shares(weights: Sequence[int]) -> list[float]:
    """Descending `weights` as shares of 1, in whole millionths; what rounding leaves goes to the first ones."""
    if not weights:
        return []
    total = sum(weights)
    units = [weight * _SALIENCE_UNITS // total for weight in weights]
    left = _SALIENCE_UNITS - sum(units)
    return [(unit + (index < left)) / _SALIENCE_UNITS for index, unit in enumerate(units)]
