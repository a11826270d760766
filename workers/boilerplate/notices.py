"""What pages say that hold no article or not all of one, in many languages."""

import json
from functools import cache
from importlib.resources import files

from workers.boilerplate.paragraphs import letters


@cache
def forms(kind: str) -> frozenset[str]:
    """The phrases of a kind that data/notices.json explains, in all its languages, as `letters` writes them."""
    data = json.loads(files("workers.boilerplate").joinpath("data/notices.json").read_text("utf-8"))
    return frozenset(letters(form) for of_language in data["notices"].values() for form in of_language[kind])
