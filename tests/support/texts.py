"""Plain-text pages for load and fault tests: each an article for the stages, no two of them alike."""

import random

WORDS = (  # noqa: SIM905 - a list of words reads better as text
    "river council harvest bridge letter garden signal winter market engine window forest captain silver island "
    "lesson orange planet kitchen mirror travel summer copper village doctor ticket record answer theatre season "
    "morning colour museum valley printer camera bottle station pocket farmer basket painter temple ladder thunder "
    "velvet barrel lantern compass meadow harbour quarry orchard saddle violin pepper canyon beacon feather"
).split()


def page(number: int) -> bytes:
    """A page of about 600 bytes, unique to `number`."""
    rng = random.Random(number)
    words = [rng.choice(WORDS) for _ in range(80)]
    sentences = [" ".join(words[start : start + 16]).capitalize() for start in range(0, 80, 16)]
    return f"Story {number} of the day\n\n{'. '.join(sentences)}.\n".encode()
