"""Clusters of words of the same use: `python -m workers.entities.training.clusters`.

Writes clusters/LANG.txt.xz into the package's data folder, or into --out, from spacy-lookups-data (MIT): Brown clusters
(Brown et al., Computational Linguistics 1992) of the languages for which it has them, of the most frequent WORDS words. A word
stands there once, in the case in which it is most frequent, which says whether it is a name. A line holds a cluster's number and
its words.
"""

import argparse
import gzip
import json
import lzma
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

DATA = Path(__file__).parents[1] / "data" / "clusters"
LANGUAGES = ("de", "en", "es")
WORDS = 60_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(prog="python -m workers.entities.training.clusters", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--out", type=Path, default=DATA)
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    for lang in LANGUAGES:
        text = text_of(_table(f"{lang}_lexeme_cluster"), _table(f"{lang}_lexeme_prob"))
        (options.out / f"{lang}.txt.xz").write_bytes(
            lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME)
        )


def text_of(clusters: Mapping[str, int], frequencies: Mapping[str, float], count: int = WORDS) -> str:
    """A line a cluster, of the `count` most frequent words of letters that have one."""
    frequent: dict[str, str] = {}
    for word in sorted(frequencies, key=lambda each: (-frequencies[each], each)):
        if word.isalpha() and clusters.get(word):
            frequent.setdefault(word.lower(), word)
            if len(frequent) == count:
                break
    members: dict[int, list[str]] = defaultdict(list)
    for word in frequent.values():
        members[clusters[word]].append(word)
    return "".join(f"{cluster} {' '.join(sorted(words))}\n" for cluster, words in sorted(members.items()))


def _table(name: str) -> dict[str, int]:
    packed = (files("spacy_lookups_data") / "data" / f"{name}.json.gz").read_bytes()
    table: dict[str, int] = json.loads(gzip.decompress(packed))
    return table


if __name__ == "__main__":
    main()
