"""What a user can choose about entities."""

from dataclasses import dataclass
from typing import Final

from workers.entities.own import OwnEntity


@dataclass(frozen=True, slots=True)
class Options:
    """`own` are the user's entities; `taggers` name those of other packages by language, such as `ru=natasha`."""

    own: tuple[OwnEntity, ...] = ()
    taggers: tuple[str, ...] = ()


DEFAULT: Final = Options()
