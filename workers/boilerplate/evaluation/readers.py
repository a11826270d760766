"""Readers of pages under test: ours, and its peers as their documentation recommends them for main text."""

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from schemas.raw_event import RawEvent
from workers.boilerplate import stage
from workers.boilerplate.evaluation import visible
from workers.boilerplate.forest import ForestPair
from workers.boilerplate.training.folds import FOLDS, SETS, fold_of, host_of
from workers.outcomes import Kept

Reader: TypeAlias = Callable[[RawEvent], str]
"""The main text of a page, empty when there is none or the page was rejected."""
Factory: TypeAlias = Callable[[], Reader]
"""Loads what a reader needs, so that the first page does not wait for it. Called once in each process."""

OWN: Final = "khabar"
BASELINE: Final = "trafilatura"
"""The peer whose speed is 1."""
ALL_TEXT: Final = "all text"
"""The trivial reader."""
NEEDED: Final = ("trafilatura", "resiliparse", "readability", "justext")
"""Modules of the peers; `pip install -e '.[peers]'` brings them."""


def own() -> Reader:
    """The whole stage as a worker runs it: charset, main text, metadata, language, verdict."""
    stage.warm_up()
    return lambda event: _text(event, None)


def unseen(folder: Path) -> Reader:
    """As `own`, each page of a set that was learnt from by the models that have not seen its site.

    `folder` is what `python -m workers.boilerplate.training.page --folds` wrote. Raises OSError when it is not.
    """
    folds = [ForestPair.load(folder / f"{fold}.npz") for fold in range(FOLDS)]
    stage.warm_up()

    def read(event: RawEvent) -> str:
        learnt = event.meta["id"].partition("/")[0] in SETS
        host = host_of({"url": event.url, "id": event.meta["id"]})
        return _text(event, folds[fold_of(host)] if learnt else None)

    return read


def _text(event: RawEvent, forests: ForestPair | None) -> str:
    [outcome] = stage.clean([event], forests=forests)
    return outcome.record.text if isinstance(outcome, Kept) else ""


def all_text() -> Reader:
    """Everything that stands on the page or in the dump."""
    return lambda event: _body(event) if event.content_type == "text/plain" else visible.lines(_body(event))


def trafilatura_default() -> Reader:
    """Without comments, which are not main text; everything else as it comes."""
    return _trafilatura(fast=False)


def trafilatura_fast() -> Reader:
    """As the default, without its fallbacks."""
    return _trafilatura(fast=True)


def _trafilatura(*, fast: bool) -> Reader:
    import trafilatura  # noqa: PLC0415 - an extra

    def read(event: RawEvent) -> str:
        return trafilatura.extract(event.body, fast=fast, include_comments=False) or ""

    return read


def resiliparse() -> Reader:
    """Its rules for main content, without what it would add to the text: bullets and texts that stand for images."""
    from resiliparse.extract.html2text import extract_plain_text  # noqa: PLC0415 - an extra

    def read(event: RawEvent) -> str:
        text: str = extract_plain_text(_body(event), main_content=True, list_bullets=False, alt_texts=False)
        return text

    return read


def readability() -> Reader:
    """The text of its summary, which is HTML."""
    from readability import Document  # noqa: PLC0415 - an extra
    from readability.readability import Unparseable  # noqa: PLC0415

    def read(event: RawEvent) -> str:
        try:
            summary: str = Document(_body(event)).summary(html_partial=True)
        except Unparseable:
            return ""
        return visible.lines(summary)

    return read


def justext() -> Reader:
    """Its paragraphs that are no boilerplate. It is told the language; where it has no stop words for that, it reads
    without any, as its documentation says.
    """
    import justext as package  # noqa: PLC0415 - an extra
    from lxml.etree import ParserError  # noqa: PLC0415

    stop_words = {name: package.get_stoplist(name) for name in package.get_stoplists()}

    def read(event: RawEvent) -> str:
        known = stop_words.get(_language_name(event.meta.get("lang", "")))
        options = {} if known else {"stopwords_low": 0, "stopwords_high": 0}
        try:
            paragraphs = package.justext(_body(event), known or frozenset(), **options)
        except ParserError:  # nothing in it
            return ""
        return "\n\n".join(each.text for each in paragraphs if not each.is_boilerplate)

    return read


def _language_name(lang: str) -> str:
    """As jusText's files are called: the English name."""
    from babel import Locale, UnknownLocaleError  # noqa: PLC0415 - takes a while, and only jusText needs it

    try:
        name = Locale.parse(lang.replace("-", "_")).get_display_name("en")
    except (ValueError, UnknownLocaleError):
        return ""
    return (name or "").partition(" (")[0].replace(" ", "_")


def _body(event: RawEvent) -> str:
    """The data's bodies are text."""
    assert isinstance(event.body, str)
    return event.body


PEERS: Final[dict[str, Factory]] = {
    BASELINE: trafilatura_default,
    "trafilatura fast": trafilatura_fast,
    "resiliparse": resiliparse,
    "readability-lxml": readability,
    "jusText": justext,
    ALL_TEXT: all_text,
}
"""In the order of the tables."""
READS_DUMPS: Final = frozenset({OWN, ALL_TEXT})
"""The peers read HTML only; a reader that is not one of them is taken to read both."""


def missing_peers() -> list[str]:
    """The modules of peers that are not installed."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def load(path: str) -> Factory:
    """The factory at "package.module:name". Raises ImportError or AttributeError."""
    module, _, name = path.partition(":")
    factory: Factory = getattr(importlib.import_module(module), name)
    return factory
