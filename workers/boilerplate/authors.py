"""Names of authors as pages write them."""

import json
from functools import cache
from importlib.resources import files

from workers.boilerplate.paragraphs import tidy


def plain_name(name: str) -> str:
    """`name`, tidied, without the word for "author" or "by" before it; one word alone is left as it is."""
    text = tidy(name)
    first, _, rest = text.partition(" ")
    if first.rstrip(":").casefold() not in _author_words():
        return text
    rest = rest.strip(" :")
    return rest if first.endswith(":") or " " in rest else text


@cache
def _author_words() -> frozenset[str]:
    data = json.loads(files("workers.boilerplate").joinpath("data/markers.json").read_text("utf-8"))
    return frozenset(word.casefold() for words in data["author_words"].values() for word in words)
