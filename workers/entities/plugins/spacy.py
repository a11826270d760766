"""Any installed pipeline of spaCy that names entities: `spacy:fr_core_news_sm`."""

from collections.abc import Sequence
from typing import Final

import spacy

from workers.entities.taggers import Span, Tagger

_NEEDED: Final = frozenset({"tok2vec", "transformer", "ner", "entity_ruler"})
_LABELS: Final = {
    "PERSON": "PER", "per": "PER", "persName": "PER", "PRS": "PER",
    "GPE": "LOC", "FAC": "LOC", "LOCATION": "LOC", "placeName": "LOC", "geogName": "LOC",
    "ORGANIZATION": "ORG", "orgName": "ORG",
    "NORP": "MISC", "EVENT": "MISC", "WORK_OF_ART": "MISC", "LAW": "MISC", "PRODUCT": "MISC", "LANGUAGE": "MISC",
}  # fmt: skip
"""What pipelines call what Khabar calls by the names of CoNLL-2003; dates, quantities and the like are no entities."""


def tagger(argument: str) -> Tagger:
    """Finds what the pipeline `argument` does. Raises ValueError where there is no such pipeline or it names nothing."""
    try:
        pipeline = spacy.load(argument)
    except OSError as error:
        message = f"no pipeline {argument!r} is installed"
        raise ValueError(message) from error
    if not {"ner", "entity_ruler"} & set(pipeline.pipe_names):
        message = f"the pipeline {argument!r} names no entities"
        raise ValueError(message)
    unneeded = [name for name in pipeline.pipe_names if name not in _NEEDED]

    def spans(texts: Sequence[str]) -> list[list[Span]]:
        with pipeline.select_pipes(disable=unneeded):
            return [
                [
                    (each.start_char, each.end_char, _LABELS.get(each.label_, each.label_))
                    for each in read.ents
                ]
                for read in pipeline.pipe(texts)
            ]

    return spans
