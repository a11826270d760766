"""Articles for tests, in several languages: texts of our own (data/stories.json), and any number of made-up ones."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

from schemas.cleaned_article import Source
from schemas.tagged_article import Entity, Label, TaggedArticle
from workers.dedup.index import Candidate
from workers.dedup.stage import fingerprint

STORIES: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parent / "data" / "stories.json").read_text(encoding="utf-8")
)
LANGUAGES = tuple(STORIES)

FATHA, SHADDA, TATWEEL, ZERO_WIDTH_NON_JOINER = "\u064e", "\u0651", "\u0640", "\u200c"


def ident(name: str) -> str:
    """The article id that stands for a name of up to 16 letters."""
    return name.encode().hex().ljust(32, "0")


def name_of(article_id: str | None) -> str | None:
    """The name that an article id stands for."""
    return None if article_id is None else bytes.fromhex(article_id).rstrip(b"\0").decode()


def article(
    text: str,
    *,
    name: str = "a",
    lang: str = "ar",
    url: str | None = None,
    source: str | None = None,
    people: Sequence[str] = (),
) -> TaggedArticle:
    entities = tuple(
        Entity(id=f"key:{person}", label=Label.PER, name=person, salience=1 / len(people), mentions=())
        for person in people
    )
    return TaggedArticle(
        id=ident(name), lang=lang, url=url, text=text, source=Source(domain=source), entities=entities
    )


def candidates(*articles: TaggedArticle, origin: str = "raw:0", start: int = 0) -> list[Candidate]:
    """As they would arrive one after the other: origins ORIGIN:START and on."""
    prints = fingerprint(articles)
    return [Candidate(f"{origin}:{start + n}", one) for n, one in enumerate(prints)]


def made_up(seed: int, words: int = 60) -> str:
    """A text of Arabic pseudo-words that resembles no other seed's."""
    source = random.Random(seed)
    letters = [chr(code) for code in range(0x0628, 0x063A)]
    return " ".join("".join(source.choices(letters, k=5)) for _ in range(words))


def with_words_changed(text: str, *places: int) -> str:
    """Another word at each place; another character where words are not spaced."""
    parts = list(text) if " " not in text else text.split(" ")
    for place in places:
        parts[place] = "\u4e00" if " " not in text else "khabar"  # CJK UNIFIED IDEOGRAPH-4E00
    return ("" if " " not in text else " ").join(parts)


def beginning(text: str, ratio: float) -> str:
    return text[: int(len(text) * ratio)]
