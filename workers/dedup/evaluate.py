"""How well duplicates are found: `python -m workers.dedup.evaluate FOLDER [--half a|b] [--peers] [--predictions FILE]`.

FOLDER holds stream.jsonl.gz (`id`, `lang`, `source`, `text`, in order of arrival) and gold.jsonl.gz (`id`, `cluster`,
`kind`, and for an alert `contain`, the story that it is taken from). The whole stream is tagged and decided; a half
counts the clusters whose digest is even (a) or odd (b), so that a number chosen on one half can be reported on the
other. Prints one JSON object: pair scores by method and language, the part of each kind that was found or falsely
merged, the alerts.
"""

import argparse
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson
from more_itertools import chunked

from schemas.cleaned_article import CleanedArticle, Source
from schemas.published_article import Duplicate
from schemas.tagged_article import TaggedArticle
from workers.dedup import peers
from workers.dedup.index import Candidate, Index
from workers.dedup.rules import RULES, Rules
from workers.dedup.stage import fingerprint
from workers.entities.stage import tag
from workers.identity import article_id
from workers.outcomes import Kept
from workers.stores.memory_index import MemoryIndex

BATCH = 200


@dataclass(frozen=True, slots=True)
class Labelled:
    """An article of the stream, and what it is. `name` is its id there; `story` is the one that an alert is from."""

    article: TaggedArticle
    name: str
    cluster: str
    kind: str
    story: str | None


def read(folder: Path, most: int | None = None) -> list[Labelled]:
    """The stream, or its first `most` articles, in order of arrival, tagged. Raises OSError, KeyError or JSONDecodeError for a folder that is none."""
    gold = {row["id"]: row for row in _rows(folder / "gold.jsonl.gz")}
    rows = [row for row in _rows(folder / "stream.jsonl.gz") if row["id"] in gold][:most]
    articles = [
        CleanedArticle(
            id=article_id(row["id"], None),
            lang=row["lang"],
            source=Source(name=row["source"]),
            text=row["text"],
        )
        for row in rows
    ]
    return [
        Labelled(
            article,
            row["id"],
            gold[row["id"]]["cluster"],
            gold[row["id"]]["kind"],
            gold[row["id"]].get("contain"),
        )
        for row, article in zip(rows, _tagged(articles), strict=True)
    ]


def _tagged(articles: Sequence[CleanedArticle]) -> list[TaggedArticle]:
    outcomes = [outcome for batch in chunked(articles, BATCH) for outcome in tag(batch)]
    return [outcome.record for outcome in outcomes if isinstance(outcome, Kept)]


def decide(index: Index, articles: Sequence[TaggedArticle]) -> list[Duplicate]:
    """The verdicts of a stream that arrives in batches."""
    candidates = [
        Candidate(f"evaluate:0:{number}", one)
        for number, one in enumerate(
            each for batch in chunked(articles, BATCH) for each in fingerprint(batch)
        )
    ]
    return [verdict for batch in chunked(candidates, BATCH) for verdict in index.decide(batch)]


def is_in_half(label: Labelled, half: str | None) -> bool:
    """Whether an article counts for `half`; all do for None."""
    return half is None or "ab"[blake2b(label.cluster.encode()).digest()[0] % 2] == half


def pair_scores(labels: Sequence[Labelled], clusters: Sequence[str]) -> dict[str, float]:
    """Precision, recall and F1 over the pairs of articles, but alerts, that stand in one cluster."""
    counted = [pair for pair in zip(labels, clusters, strict=True) if pair[0].kind != "alert"]
    both = _pairs((label.cluster, cluster) for label, cluster in counted)
    wanted, found = _pairs(label.cluster for label, _ in counted), _pairs(cluster for _, cluster in counted)
    scores = {
        "precision": both / max(found, 1),
        "recall": both / max(wanted, 1),
        "f1": 2 * both / max(wanted + found, 1),
    }
    return {name: round(score, 4) for name, score in scores.items()}


def by_kind(labels: Sequence[Labelled], clusters: Sequence[str]) -> dict[str, dict[str, float]]:
    """By kind: of the copies, the part that joined the right cluster; of what is no copy, the part that joined any."""
    seen: dict[str, set[str]] = defaultdict(set)
    known: set[str] = set()
    right: dict[str, list[bool]] = defaultdict(list)
    merged: dict[str, list[bool]] = defaultdict(list)
    for label, cluster in zip(labels, clusters, strict=True):
        if label.kind != "alert":
            if label.cluster in known:
                right[label.kind].append(label.cluster in seen[cluster])
            else:
                merged[label.kind].append(bool(seen[cluster]))
            known.add(label.cluster)
            seen[cluster].add(label.cluster)
    parts = {"copies_found": right, "falsely_merged": merged}
    return {
        name: {kind: round(sum(each) / len(each), 4) for kind, each in sorted(part.items())}
        for name, part in parts.items()
    }


def alert_scores(labels: Sequence[Labelled], verdicts: Sequence[Duplicate]) -> dict[str, float]:
    """Alerts that were linked with a story, in either order of arrival; right is a story of the cluster they are from."""
    cluster_of = {label.article.id: label.cluster for label in labels}
    cluster_named = {label.name: label.cluster for label in labels}
    linked: dict[str, str | None] = {}
    for label, verdict in zip(labels, verdicts, strict=True):
        if verdict.contains:
            linked.setdefault(verdict.contains, label.cluster)
        elif verdict.of:
            linked[label.article.id] = cluster_of.get(verdict.of)
    alerts = [label for label in labels if label.kind == "alert"]
    said = [label for label in alerts if label.article.id in linked]
    right = sum(linked[label.article.id] == cluster_named.get(label.story or "") for label in said)
    scores = {
        "precision": right / max(len(said), 1),
        "recall": right / max(len(alerts), 1),
        "f1": 2 * right / max(len(said) + len(alerts), 1),
    }
    return {name: round(score, 4) for name, score in scores.items()}


def report(labels: Sequence[Labelled], verdicts: Sequence[Duplicate], half: str | None) -> dict[str, Any]:
    """All figures of one half, or of the whole stream."""
    counted = [pair for pair in zip(labels, verdicts, strict=True) if is_in_half(pair[0], half)]
    chosen, clusters = [label for label, _ in counted], [verdict.cluster for _, verdict in counted]
    figures: dict[str, Any] = {"articles": len(chosen), "all": pair_scores(chosen, clusters)}
    for lang in sorted({label.article.lang for label in chosen}):
        same = [n for n, label in enumerate(chosen) if label.article.lang == lang]
        figures[lang] = pair_scores([chosen[n] for n in same], [clusters[n] for n in same])
    alerts = [label for label in labels if label.kind != "alert" or is_in_half(label, half)]
    kept = {label.name for label in alerts}
    answers = [verdict for label, verdict in zip(labels, verdicts, strict=True) if label.name in kept]
    return figures | by_kind(chosen, clusters) | {"alerts": alert_scores(alerts, answers)}


def _pairs(keys: Iterable[object]) -> int:
    return sum(n * (n - 1) // 2 for n in Counter(keys).values())


def _rows(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path) as lines:
        return [orjson.loads(line) for line in lines]


def _prediction(label: Labelled, verdict: Duplicate, names: dict[str, str], stories: dict[str, str]) -> bytes:
    story = verdict.of if verdict.relation == "contained_in" else stories.get(label.article.id)
    line = {"id": label.name, "cluster": verdict.cluster, "relation": verdict.relation}
    return orjson.dumps(line | ({"contained_in": names[story]} if story else {}))


def _write_predictions(path: Path, labels: Sequence[Labelled], verdicts: Sequence[Duplicate]) -> None:
    names = {label.article.id: label.name for label in labels}
    pairs = list(zip(labels, verdicts, strict=True))
    stories = {verdict.contains: label.article.id for label, verdict in pairs[::-1] if verdict.contains}
    path.write_bytes(b"".join(_prediction(*pair, names, stories) + b"\n" for pair in pairs))


def _rules(changes: Sequence[str]) -> Rules:
    """The rules with some numbers changed, NAME=NUMBER."""
    kinds = {name: type(getattr(RULES, name)) for name in Rules.__dataclass_fields__}
    pairs = [change.partition("=") for change in changes]
    return Rules(**{name: kinds[name](float(number)) for name, _, number in pairs})


def main() -> None:
    """Read, decide, print."""
    parser = argparse.ArgumentParser(prog="python -m workers.dedup.evaluate", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", choices="ab")
    parser.add_argument(
        "--rule", action="append", default=[], metavar="NAME=NUMBER", help="a rule's number changed"
    )
    parser.add_argument(
        "--peers", action="store_true", help="the same stream by datasketch's MinHash LSH and SimHash"
    )
    parser.add_argument("--predictions", type=Path, help="write {id, cluster, relation, contained_in} lines")
    arguments = parser.parse_args()
    try:
        labels = read(arguments.folder)
    except (OSError, KeyError, orjson.JSONDecodeError) as error:
        parser.error(f"{arguments.folder} is not a folder with a labelled stream: {error!r}")
    try:
        rules = _rules(arguments.rule)
    except (KeyError, ValueError) as error:
        parser.error(f"--rule takes NAME=NUMBER of {', '.join(Rules.__dataclass_fields__)}: {error!r}")
    verdicts = decide(MemoryIndex(window=len(labels), rules=rules), [label.article for label in labels])
    figures = report(labels, verdicts, arguments.half)
    if arguments.peers:
        figures["peers"] = {
            name: pair_scores(*_half_of(labels, clusters, arguments.half))
            for name, clusters in peers.clusters([label.article for label in labels]).items()
        }
    print(orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode())
    if arguments.predictions:
        _write_predictions(arguments.predictions, labels, verdicts)


def _half_of(
    labels: Sequence[Labelled], clusters: Sequence[str], half: str | None
) -> tuple[list[Labelled], list[str]]:
    pairs = [pair for pair in zip(labels, clusters, strict=True) if is_in_half(pair[0], half)]
    return [label for label, _ in pairs], [cluster for _, cluster in pairs]


if __name__ == "__main__":
    main()
