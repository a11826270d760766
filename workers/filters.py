"""Which records a subscriber wants: one rule for `subscribe` and for `khabar tail`."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from schemas.published_article import Relation
from schemas.tagged_article import Entity
from workers.entities.normal import normalise
from workers.errors import ConfigError

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
"""A BCP 47 tag, as far as a mistake can be told from it."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A record passes where it passes every filter that is set; within one, any of its values is enough.

    A record without the field that a filter asks for (a dead letter has no language) does not pass it.
    """

    langs: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    text: str = ""
    relations: tuple[Relation, ...] = ()

    def takes(self, record: object) -> bool:
        """Whether the record passes."""
        return self.finds(Findable(record))

    def finds(self, what: "Findable") -> bool:
        """Whether the record passes that this is of."""
        return (
            (not self.langs or _is_in(what.lang, self.langs))
            and (not self.relations or what.relation in self.relations)
            and (not self.sources or _is_from(what, self.sources))
            and (not self.entities or not what.names.isdisjoint(self.entities))
            and (not self.text or self.text in what.text)
        )


class Findable:
    """What filters look at in a record. Texts and names are folded when they are first asked for, and kept."""

    def __init__(self, record: object) -> None:
        self._record: object = record
        self.lang: Final[str] = (getattr(record, "lang", None) or "").lower()
        duplicate = getattr(record, "duplicate", None)
        self.relation: Final[Relation | None] = None if duplicate is None else duplicate.relation
        source = getattr(record, "source", None)
        name = source if isinstance(source, str) else getattr(source, "name", None)
        self.source: Final = folded(name or "")
        self.domain: Final[str] = (getattr(source, "domain", None) or "").lower()

    @cached_property
    def names(self) -> frozenset[str]:
        """Ids and names, in all forms, of the entities."""
        entities = getattr(self._record, "entities", ())
        return frozenset(folded(name) for entity in entities for name in _names(entity))

    @cached_property
    def text(self) -> str:
        """Title and text."""
        parts = (getattr(self._record, "title", None), getattr(self._record, "text", None))
        return "\n".join(folded(part) for part in parts if isinstance(part, str))

    def settle(self) -> None:
        """Fold everything now, and let go of the record."""
        _ = self.names, self.text
        self._record = None


def filter_of(
    *,
    lang: str | Sequence[str] | None = None,
    source: str | Sequence[str] | None = None,
    entities: str | Sequence[str] = (),
    text: str | None = None,
    relations: str | Sequence[str] = (),
) -> Filter:
    """The filter that these words describe.

    `lang`: BCP 47; `ar` takes `ar-EG` too. `source`: a domain, which takes those below it, or a name. `entities`: ids
    such as `iso:RU`, or names in any of the forms that the record has. `text`: words that stand together in title or
    text. Case, Arabic vowel signs, tatweel and forms of alef and yeh make no difference.

    Raises ConfigError for what is no language or no relation.
    """
    langs, chosen = _listed(lang), _listed(relations)
    if wrong := [each for each in langs if not _LANGUAGE.fullmatch(each)]:
        raise ConfigError(f"lang takes BCP 47 tags such as ar or zh-Hant, not {', '.join(map(repr, wrong))}")
    if wrong := [each for each in chosen if each not in list(Relation)]:
        raise ConfigError(f"relations are {', '.join(Relation)}, not {', '.join(map(repr, wrong))}")
    return Filter(
        langs=tuple(each.lower() for each in langs),
        sources=tuple(map(folded, _listed(source))),
        entities=tuple(map(folded, _listed(entities))),
        text=folded(text or ""),
        relations=tuple(map(Relation, chosen)),
    )


def folded(text: str) -> str:
    """The text as it is compared: NFC, letters unified and marks dropped as in names, case folded, one space between
    words. Idempotent.
    """
    return " ".join(
        unicodedata.normalize("NFC", normalise(unicodedata.normalize("NFC", text)).casefold()).split()
    )


def _listed(values: str | Sequence[str] | None) -> tuple[str, ...]:
    listed = (values,) if isinstance(values, str) else tuple(values or ())
    return tuple(each for each in listed if each.strip())


def _is_in(found: str, langs: Iterable[str]) -> bool:
    return any(found == lang or found.startswith(f"{lang}-") for lang in langs)


def _is_from(what: Findable, wanted: Iterable[str]) -> bool:
    return any(each in {what.source, what.domain} or what.domain.endswith(f".{each}") for each in wanted)


def _names(entity: Entity) -> set[str]:
    return {entity.id, entity.name, entity.name_en or "", *(mention.text for mention in entity.mentions)}
