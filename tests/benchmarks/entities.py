"""What tagging costs: `python -m tests.benchmarks.entities FOLDER`, from the repository's root.

FOLDER holds the development data of entities. Articles of 300 words are put together from it, the same ones every time; the stage
(tokens, lists, model, mentions, links) reads them in batches of 32, and others read the same batches in turn, in this one process and
thread: python-crfsuite, with features of the same kind made by Python for every token, and a blank pipeline of spaCy, its tok2vec and
its ner with weights as they are before training. Only the ratio means anything on another machine.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import machine
from workers.entities.stage import entities_of
from workers.entities.training.corpora import SOURCES, read

WORDS = 300
ARTICLES = 320
BATCH = 32
GOAL_PER_S = 1000
_LEARNT = 300
"""Records that python-crfsuite learns from: its speed does not depend on how well it has learnt."""


@dataclass(frozen=True, slots=True)
class Other:
    """Another tagger: `tag` reads the words of a batch of articles. We aim to be `goal` times as fast."""

    name: str
    goal: int
    tag: Callable[[Sequence[Sequence[str]]], object]


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
        others = [other for other in (_crfsuite(records[:_LEARNT]), _spacy(lang)) if other]
        rounds = [measured(articles, lang, others) for _ in range(options.rounds)]
        per_s = len(articles) / statistics.median(each[""] for each in rounds)
        print(f"{per_s:8.0f} articles/s of {WORDS} words, batches of {BATCH}; goal {GOAL_PER_S}")
        for other in others:
            ratio = statistics.median(each[other.name] / each[""] for each in rounds)
            print(f"{ratio:8.1f} times {other.name}; goal {other.goal}")
    print(f"\nload at the end: {machine.load()}")


def articles_of(sentences: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """ARTICLES lists of WORDS words, the sentences in their order, from the first again when they end."""
    words = [word for sentence in sentences for word in sentence]
    for number in range(ARTICLES):
        begin = number * WORDS % max(1, len(words) - WORDS)
        yield words[begin : begin + WORDS]


def measured(articles: Sequence[Sequence[str]], lang: str, others: Sequence[Other]) -> Mapping[str, float]:
    """CPU seconds of one round, batch by batch in turn: ours by the name "", and the others'."""
    spent = dict.fromkeys(["", *(other.name for other in others)], 0.0)
    for begin in range(0, len(articles), BATCH):
        batch = articles[begin : begin + BATCH]
        texts = [(" ".join(words), lang, None) for words in batch]
        started = time.process_time()
        entities_of(texts)
        spent[""] += time.process_time() - started
        for other in others:
            started = time.process_time()
            other.tag(batch)
            spent[other.name] += time.process_time() - started
    return spent


def _crfsuite(records: Sequence[dict[str, Any]]) -> Other | None:
    """None when python-crfsuite is not installed."""
    try:
        import pycrfsuite
    except ImportError:
        sys.stderr.write("python-crfsuite is not installed (pip install -e '.[train]'): it is left out\n")
        return None
    trainer = pycrfsuite.Trainer(verbose=False)
    for record in records:
        trainer.append(pycrfsuite.ItemSequence(plain_features(record["tokens"])), record["tags"])
    trainer.set_params({"max_iterations": 20})
    with tempfile.TemporaryDirectory() as folder:
        trainer.train(str(Path(folder) / "model"))
        tagger = pycrfsuite.Tagger()
        tagger.open(str(Path(folder) / "model"))

    def tag(batch: Sequence[Sequence[str]]) -> object:
        return [tagger.tag(pycrfsuite.ItemSequence(plain_features(words))) for words in batch]

    return Other("python-crfsuite, of which tags and features alone are made", 4, tag)


def _spacy(lang: str) -> Other | None:
    """None when spaCy is not installed."""
    try:
        import spacy
    except ImportError:
        sys.stderr.write("spaCy is not installed (pip install -e '.[spacy]'): it is left out\n")
        return None
    pipeline = spacy.blank(lang)
    pipeline.add_pipe("tok2vec")
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "*"}
    parser = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 64,
        "maxout_pieces": 2,
        "use_upper": True,
        "nO": None,
        "tok2vec": listener,
    }
    recogniser = pipeline.add_pipe("ner", config={"model": parser})
    for label in ("PER", "ORG", "LOC"):
        recogniser.add_label(label)
    pipeline.initialize()

    def tag(batch: Sequence[Sequence[str]]) -> object:
        return list(pipeline.pipe((" ".join(words) for words in batch), batch_size=BATCH))

    return Other("spaCy's blank tok2vec and ner", 15, tag)


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
