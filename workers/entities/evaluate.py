"""How well entities are found: `python -m workers.entities.evaluate FOLDER`.

FOLDER holds SOURCE.jsonl.gz (see training/corpora.py). Prints F1, precision and recall of exact spans with the right label (PER,
ORG, LOC) for each source, as the scorer that comes with the data counts them; in Arabic a span may begin before or behind
proclitics, as corpora keep them inside. With --folds DIR each fifth of a source is read by the model that has not learnt from it,
which `python -m workers.entities.training.learn FOLDER --folds DIR` writes; fifths without such a model are left out.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson

from schemas.tagged_article import Label
from workers.entities.model import Model
from workers.entities.options import DEFAULT, Options
from workers.entities.stage import entities_of
from workers.entities.training.corpora import FOLDS, SOURCES, Span, Text, held_out, read, texts

_LABELS: Final = (Label.PER, Label.ORG, Label.LOC)
# WAW or FEH, then BEH, LAM or KAF, then the article, each before what is still a word.
_PROCLITICS: Final = re.compile(
    r"(?:[\u0648\u0641](?=\w{3}))?(?:[\u0628\u0644\u0643](?=\w{3}))?(?:\u0627\u0644(?=\w{2}))?"
)
_WORD: Final = re.compile(r"\w+")


@dataclass(slots=True)
class Score:
    """Spans by label: found and right, found and wrong, missed."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)

    def add(self, wanted: set[Span], found: set[Span]) -> None:
        self.right.update(span[2] for span in wanted & found)
        self.wrong.update(span[2] for span in found - wanted)
        self.missed.update(span[2] for span in wanted - found)

    def row(self) -> tuple[float, ...]:
        """F1 of each label, then F1, precision and recall of all."""
        right, wrong, missed = (each.total() for each in (self.right, self.wrong, self.missed))
        return (
            *(_f1(self.right[label], self.wrong[label], self.missed[label]) for label in _LABELS),
            _f1(right, wrong, missed),
            right / max(1, right + wrong),
            right / max(1, right + missed),
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, score, print."""
    parser = argparse.ArgumentParser(prog="python -m workers.entities.evaluate", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("folder", type=Path)
    parser.add_argument("--langs", default=",".join(SOURCES), help="%(default)s")
    parser.add_argument(
        "--folds", type=Path, metavar="DIR", help="models that have not seen a fifth of each source"
    )
    parser.add_argument("--taggers", default="", metavar="LANG=NAME,...", help="taggers of other packages")
    options = parser.parse_args(arguments)
    chosen = Options(taggers=tuple(filter(None, options.taggers.split(","))))
    print(f"{'':18}{'PER':>7}{'ORG':>7}{'LOC':>7}{'F1':>8}{'P':>7}{'R':>7}{'texts':>8}")
    for lang in options.langs.split(","):
        for source in [each for each, own in SOURCES[lang].items() if own == lang]:
            try:
                records = read(options.folder, source)
            except (OSError, orjson.JSONDecodeError) as error:
                parser.error(f"{options.folder} holds no {source} that can be read: {error!r}")
            score, count = Score(), 0
            for corpus, model in _parts(records, source, lang, options.folds):
                count += len(corpus)
                for text, found in zip(corpus, spans_found(corpus, lang, model, chosen), strict=True):
                    score.add(_comparable(text.text, text.spans, lang), _comparable(text.text, found, lang))
            if count:
                print(f"{source:18}" + "".join(f"{value:7.3f}" for value in score.row()) + f"{count:9}")
                sys.stdout.flush()


def _parts(
    records: list[dict[str, object]], source: str, lang: str, folds: Path | None
) -> Iterator[tuple[list[Text], Model | None]]:
    """Texts, and the model to read them with; None is the shipped one."""
    if folds is None:
        yield list(texts(records, source, as_marked=True)), None
        return
    for fold in range(FOLDS):
        if (path := folds / f"{lang}.{fold}.npz").is_file():
            yield list(texts(held_out(records, fold)[1], source, as_marked=True)), Model.load(path)


def spans_found(
    corpus: Sequence[Text], lang: str, model: Model | None, options: Options = DEFAULT
) -> Iterator[list[Span]]:
    """What the stage finds in each text, with `model` in the shipped one's place."""
    for entities in entities_of([(text.text, lang, None) for text in corpus], model, options=options):
        yield [
            (mention.start, mention.end, entity.label.value)
            for entity in entities
            for mention in entity.mentions
        ]


def _comparable(text: str, spans: Sequence[Span], lang: str) -> set[Span]:
    counted = {span for span in spans if span[2] in _LABELS}
    return {_without_proclitics(text, span) for span in counted} if lang == "ar" else counted


def _without_proclitics(text: str, span: Span) -> Span:
    """The span from behind the proclitics of its first word on, wherever among them it begins."""
    start, end, label = span
    begin = start
    while begin and text[begin - 1].isalpha():
        begin -= 1
    word = _WORD.match(text, begin, end)
    proclitics = _PROCLITICS.match(word[0]) if word else None
    behind = begin + (proclitics.end() if proclitics else 0)
    return (behind, end, label) if start <= behind else span


def _f1(right: int, wrong: int, missed: int) -> float:
    return 2 * right / max(1, 2 * right + wrong + missed)


if __name__ == "__main__":
    main()
