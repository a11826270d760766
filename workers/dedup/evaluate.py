"""How well duplicates are found: `python -m workers.dedup.evaluate FOLDER [--half a|b] [--predictions FILE]`.

FOLDER holds stream.jsonl.gz (`id`, `lang`, `text`, in order of arrival) and gold.jsonl.gz (`id`, `cluster`,
`kind`); articles of kind `alert` take part and are not counted. A half holds the clusters whose digest is even (a)
or odd (b), so that a number chosen on one half can be reported on the other. Prints one JSON object.
"""

import argparse
import gzip
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from schemas.published_article import Duplicate
from schemas.tagged_article import TaggedArticle
from workers.dedup.index import Candidate, Index
from workers.dedup.stage import PUBLISHED_RELATIONS, fingerprint
from workers.stores.memory_index import MemoryIndex

BATCH = 200


@dataclass(frozen=True, slots=True)
class Labelled:
    """An article of the stream, and what it is."""

    article: TaggedArticle
    cluster: str
    kind: str


def read(folder: Path, half: str | None = None) -> list[Labelled]:
    """The stream in order of arrival. Raises OSError, KeyError or JSONDecodeError for a folder that is none."""
    gold = {row["id"]: row for row in _rows(folder / "gold.jsonl.gz")}
    return [
        Labelled(
            TaggedArticle(id=row["id"], lang=row["lang"], text=row["text"]), label["cluster"], label["kind"]
        )
        for row in _rows(folder / "stream.jsonl.gz")
        if (label := gold[row["id"]]) and half in {None, _half(label["cluster"])}
    ]


def decide(index: Index, articles: Sequence[TaggedArticle]) -> tuple[list[Duplicate], float]:
    """The verdicts of a stream that arrives in batches, and the seconds that the fingerprints took."""
    verdicts: list[Duplicate] = []
    fingerprint_s = 0.0
    for start in range(0, len(articles), BATCH):
        began = time.perf_counter()
        prints = fingerprint(articles[start : start + BATCH])
        fingerprint_s += time.perf_counter() - began
        verdicts += index.decide([Candidate(f"evaluate:0:{start + n}", p) for n, p in enumerate(prints)])
    return verdicts, fingerprint_s


def pair_scores(labels: Sequence[Labelled], verdicts: Sequence[Duplicate]) -> dict[str, float]:
    """Precision, recall and F1 over the pairs of articles that stand in one cluster."""
    counted = [(label, v.cluster) for label, v in zip(labels, verdicts, strict=True) if label.kind != "alert"]
    both = _pairs((label.cluster, cluster) for label, cluster in counted)
    wanted, found = _pairs(label.cluster for label, _ in counted), _pairs(cluster for _, cluster in counted)
    scores = {
        "precision": both / max(found, 1),
        "recall": both / max(wanted, 1),
        "f1": 2 * both / (wanted + found),
    }
    return {name: round(score, 4) for name, score in scores.items()}


def set_aside(labels: Sequence[Labelled], verdicts: Sequence[Duplicate]) -> dict[str, float]:
    """By kind, the part that would go to articles.duplicates."""
    counts: dict[str, Counter[bool]] = defaultdict(Counter)
    for label, verdict in zip(labels, verdicts, strict=True):
        counts[label.kind][verdict.relation not in PUBLISHED_RELATIONS] += 1
    return {kind: round(count[True] / count.total(), 4) for kind, count in sorted(counts.items())}


def _pairs(keys: Iterable[object]) -> int:
    return sum(n * (n - 1) // 2 for n in Counter(keys).values())


def _half(cluster: str) -> str:
    return "ab"[blake2b(cluster.encode()).digest()[0] % 2]


def _rows(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path) as lines:
        return [orjson.loads(line) for line in lines]


def main() -> None:
    """Read, decide, print."""
    parser = argparse.ArgumentParser(prog="python -m workers.dedup.evaluate", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", choices="ab")
    parser.add_argument("--predictions", type=Path, help="write {id, cluster} lines")
    arguments = parser.parse_args()
    try:
        labels = read(arguments.folder, arguments.half)
    except (OSError, KeyError, orjson.JSONDecodeError) as error:
        parser.error(f"{arguments.folder} is not a folder with a labelled stream: {error!r}")
    verdicts, fingerprint_s = decide(MemoryIndex(window=len(labels)), [label.article for label in labels])
    report: dict[str, Any] = {"articles": len(labels), "all": pair_scores(labels, verdicts)}
    for lang in sorted({label.article.lang for label in labels}):
        chosen = [n for n, label in enumerate(labels) if label.article.lang == lang]
        report[lang] = pair_scores([labels[n] for n in chosen], [verdicts[n] for n in chosen])
    report["set_aside_by_kind"] = set_aside(labels, verdicts)
    report["fingerprints_per_s"] = round(len(labels) / fingerprint_s)
    print(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode())
    if arguments.predictions:
        lines = (
            orjson.dumps({"id": label.article.id, "cluster": v.cluster})
            for label, v in zip(labels, verdicts, strict=True)
        )
        arguments.predictions.write_bytes(b"\n".join(lines) + b"\n")


if __name__ == "__main__":
    main()
