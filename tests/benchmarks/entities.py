"""What tagging costs: `python -m tests.benchmarks.entities FOLDER`, from the repository's root.

FOLDER holds the development data of entities. Articles of 300 words are put together from it, the same ones every time; the stage
(tokens, lists, model, mentions, links) reads them in batches of 32, and python-crfsuite, with features of the same kind made by Python
for every token, reads the same batches in turn, in this one process and thread. Only the ratio means anything on another machine.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import machine
from workers.entities.stage import entities_of
from workers.entities.training.corpora import SOURCES, read

Tagger = Callable[[Sequence[str]], Sequence[str]]
WORDS = 300
ARTICLES = 320
BATCH = 32
GOAL_PER_S = 1000
GOAL_RATIO = 4
_LEARNT = 300
"""Records that the other tagger learns from: its speed does not depend on how well it has learnt."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.entities", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("folder", type=Path)
    parser.add_argument("--langs", default="ar,en", help="%(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="%(default)s")
    options = parser.parse_args(arguments)
    print("\n".join(machine.lines(machine.facts())))
    for lang in options.langs.split(","):
        source = next(iter(SOURCES[lang]))
        records = read(options.folder, source)
        started = time.process_time()
        entities_of([("x", lang, None)])
        print(
            f"\n{lang}, {source}: the first text waits {time.process_time() - started:.2f} s for lists and model"
        )
        articles = list(articles_of([record["tokens"] for record in records]))
        other = _crfsuite(records[:_LEARNT])
        rounds = [measured(articles, lang, other) for _ in range(options.rounds)]
        per_s = len(articles) / statistics.median(ours for ours, _ in rounds)
        print(f"{per_s:8.0f} articles/s of {WORDS} words, batches of {BATCH}; goal {GOAL_PER_S}")
        if other:
            ratio = statistics.median(theirs / ours for ours, theirs in rounds)
            print(
                f"{ratio:8.1f} times python-crfsuite, of which tags and features alone are made; goal {GOAL_RATIO}"
            )
    print(f"\nload at the end: {machine.load()}")


def articles_of(sentences: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """ARTICLES lists of WORDS words, the sentences in their order, from the first again when they end."""
    words = [word for sentence in sentences for word in sentence]
    for number in range(ARTICLES):
        begin = number * WORDS % max(1, len(words) - WORDS)
        yield words[begin : begin + WORDS]


def measured(articles: Sequence[Sequence[str]], lang: str, other: Tagger | None) -> tuple[float, float]:
    """CPU seconds of one round: ours and the other's, batch by batch in turn."""
    ours = theirs = 0.0
    for begin in range(0, len(articles), BATCH):
        batch = articles[begin : begin + BATCH]
        texts = [(" ".join(words), lang, None) for words in batch]
        started = time.process_time()
        entities_of(texts)
        between = time.process_time()
        if other:
            for words in batch:
                other(words)
        ours, theirs = ours + between - started, theirs + time.process_time() - between
    return ours, theirs


def _crfsuite(records: Sequence[dict[str, Any]]) -> Tagger | None:
    """Tags the words of an article; None when python-crfsuite is not installed."""
    try:
        import pycrfsuite
    except ImportError:
        sys.stderr.write(
            "python-crfsuite is not installed (pip install -e '.[train]'): there is nothing to compare with\n"
        )
        return None
    trainer = pycrfsuite.Trainer(verbose=False)
    for record in records:
        trainer.append(pycrfsuite.ItemSequence(plain_features(record["tokens"])), record["tags"])
    trainer.set_params({"max_iterations": 20})
    with tempfile.TemporaryDirectory() as folder:
        trainer.train(str(Path(folder) / "model"))
        tagger = pycrfsuite.Tagger()
        tagger.open(str(Path(folder) / "model"))
    return lambda words: tagger.tag(pycrfsuite.ItemSequence(plain_features(words)))


def plain_features(words: Sequence[str]) -> list[list[str]]:
    """The features that taggers of this kind have: of the word, its affixes and shape, and the words around it."""
    own = []
    for word in words:
        small = word.lower()
        shape = "".join(
            "X" if c.isupper() else "d" if c.isdigit() else "x" if c.isalpha() else c for c in word[:8]
        )
        own.append(
            [
                f"w={small}",
                f"s={shape}",
                *(f"p{n}={small[:n]}" for n in range(1, 6)),
                *(f"x{n}={small[-n:]}" for n in range(1, 6)),
            ]
        )
    around = (-2, -1, 1, 2)
    return [
        [
            *features,
            *(
                f"{step}{own[at + step][place]}"
                for step in around
                if 0 <= at + step < len(words)
                for place in (0, 1)
            ),
        ]
        for at, features in enumerate(own)
    ]


if __name__ == "__main__":
    main()
