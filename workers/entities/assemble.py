"""From names found in a text to its entities: grouped, weighed, in order."""

from collections.abc import Sequence
from typing import Final

from schemas.tagged_article import Entity, Mention
from workers.entities.gazetteer import Hit
from workers.entities.names import Named
from workers.entities.normal import Normal

# A mention counts one, in the first paragraph two; standing in the title counts as two mentions more. News puts
# what it is about first. To be tuned when there is a gold standard for salience.
_FIRST_PARAGRAPH_BONUS: Final = 1
_TITLE_BONUS: Final = 2
_SALIENCE_UNITS: Final = 1_000_000


def assemble(normal: Normal, hits: Sequence[Hit], title: str | None) -> tuple[Entity, ...]:
    """Entities of `hits` (in order, not overlapping) by descending salience, ties by first mention."""
    groups: dict[str, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(hit.thing.id, []).append(hit)
    first_paragraph_end = normal.original.find("\n\n") % (len(normal.original) + 1)
    found = []
    for group in groups.values():
        mentions = tuple(_mention(normal, hit) for hit in group)
        weight = len(mentions) + _FIRST_PARAGRAPH_BONUS * sum(m.start < first_paragraph_end for m in mentions)
        if title and any(mention.text in title for mention in mentions):
            weight += _TITLE_BONUS
        found.append((weight, group[0].thing, mentions))
    found.sort(key=lambda item: -item[0])  # stable: ties stay in the order of their first mentions
    saliences = _shares([weight for weight, _, _ in found])
    return tuple(
        _entity(thing, mentions, salience)
        for (_, thing, mentions), salience in zip(found, saliences, strict=True)
    )


def _mention(normal: Normal, hit: Hit) -> Mention:
    start, end = normal.span(hit.start, hit.end)
    return Mention(start=start, end=end, text=normal.original[start:end])


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
