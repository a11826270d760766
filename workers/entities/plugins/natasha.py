"""natasha's tagger of Russian news (MIT), whose wheel carries its weights."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from navec import Navec
from slovnet import NER

from workers.entities.taggers import Span, Tagger

_VECTORS = "data/emb/navec_news_v1_1B_250K_300d_100q.tar"
_MODEL = "data/model/slovnet_ner_news_v1.tar"


def tagger(argument: str) -> Tagger:
    """Finds PER, ORG and LOC. Takes no argument. Raises ValueError for one, ImportError without natasha."""
    if argument:
        message = "takes no argument"
        raise ValueError(message)
    spec = find_spec(
        "natasha"
    )  # not imported: its morphology, which nothing here needs, wants an old setuptools
    if spec is None or not spec.submodule_search_locations:
        message = "natasha is not installed"
        raise ImportError(message)
    folder = Path(next(iter(spec.submodule_search_locations)))
    model = NER.load(folder / _MODEL)
    model.navec(Navec.load(folder / _VECTORS))

    def spans(texts: Sequence[str]) -> list[list[Span]]:
        return [[(span.start, span.stop, span.type) for span in model(text).spans] for text in texts]

    return spans
