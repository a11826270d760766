"""Other taggers in the built-in one's place, by language: what one has to be, and how it is found.

A package offers a tagger by an entry point of the group `khabar.taggers`: a function that takes what stands behind the colon in
`NAME:ARGUMENT` and gives a Tagger. Everything after labelling is Khabar's: lists of the user's own, links, ids, grouping.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.metadata import entry_points
from typing import Final, Protocol

from workers.errors import ConfigError

Span = tuple[int, int, str]
"""Half-open in code points of the text, and PER, ORG, LOC or MISC; spans with another label are left out."""
GROUP: Final = "khabar.taggers"


class Tagger(Protocol):
    """Finds entities: for each text, in order, its spans. A function of the texts alone; it may raise for none of them."""

    def __call__(self, texts: Sequence[str], /) -> list[list[Span]]: ...


def load_taggers(chosen: Sequence[str]) -> Mapping[str, Tagger]:
    """The taggers of `LANG=NAME` and `LANG=NAME:ARGUMENT` by language. Raises ConfigError for one that cannot be had."""
    return {lang: load_tagger(spec) for lang, spec in by_language(chosen).items()}


def by_language(chosen: Sequence[str]) -> dict[str, str]:
    """`NAME` or `NAME:ARGUMENT` of each `LANG=NAME` and `LANG=NAME:ARGUMENT`, by language."""
    return dict(each.split("=", 1) for each in chosen)


@lru_cache(maxsize=32)
def load_tagger(spec: str) -> Tagger:
    """The tagger of `NAME` or `NAME:ARGUMENT`. Raises ConfigError that says why it cannot be had."""
    name, _, argument = spec.partition(":")
    offered = {point.name: point for point in entry_points(group=GROUP)}
    if name not in offered:
        known = ", ".join(sorted(offered)) or "none"
        message = f"KHABAR_TAGGERS: there is no tagger {name!r}; installed packages offer {known}"
        raise ConfigError(message)
    try:
        tagger: Tagger = offered[name].load()(argument)
    except ImportError as error:
        message = f"KHABAR_TAGGERS: {spec}: {error}; pip install 'khabar[{name}]' brings what it needs"
        raise ConfigError(message) from error
    except ValueError as error:
        message = f"KHABAR_TAGGERS: {spec}: {error}"
        raise ConfigError(message) from error
    return tagger
