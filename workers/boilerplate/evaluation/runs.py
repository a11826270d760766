"""Readers over cases: every reader reads a page before the next page, so that their times can be compared."""

import multiprocessing
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, Final

from workers.boilerplate.evaluation.corpora import Case
from workers.boilerplate.evaluation.readers import PEERS, READS_DUMPS, Factory, Reader
from workers.boilerplate.evaluation.scores import SegmentScore, TextScore, score_segments, score_text

_CHUNK_CASES: Final = 8
"""Handed to a process at once: about a megabyte of pages."""

_loaded: Final[dict[str, Reader]] = {}
"""The readers of a pool's process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a reader made of a case. `segments` and `score` are None where the case has no such gold."""

    id: str
    corpus: str
    lang: str
    source: str
    reader: str
    text: str
    cpu_s: float
    score: TextScore | None
    segments: SegmentScore | None

    def row(self) -> dict[str, Any]:
        """As plain values, for a line of JSON; with F1."""
        f1 = {"f1": self.score.f1} if self.score else {}
        return asdict(self) | f1


def run(cases: Iterable[Case], factories: Mapping[str, Factory], *, processes: int) -> Iterator[Result]:
    """The results, case by case in the order of the cases, and within a case in that of the readers.

    With more than one process the factories must be importable, since each process calls them.
    """
    if processes == 1:
        readers = {name: factory() for name, factory in factories.items()}
        for case in cases:
            yield from _read(case, readers)
        return
    # A fork would take the parent's loaded corpus with it.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _load, (dict(factories),)) as pool:
        for results in pool.map(_read_in_pool, cases, chunksize=_CHUNK_CASES):
            yield from results


def _load(factories: Mapping[str, Factory]) -> None:
    _loaded.update({name: factory() for name, factory in factories.items()})


def _read_in_pool(case: Case) -> list[Result]:
    return _read(case, _loaded)


def _read(case: Case, readers: Mapping[str, Reader]) -> list[Result]:
    return [
        _result(case, name, reader)
        for name, reader in readers.items()
        if not case.is_dump or name in READS_DUMPS or name not in PEERS
    ]


def _result(case: Case, name: str, reader: Reader) -> Result:
    began_s = time.process_time()
    text = reader(case.event)
    cpu_s = time.process_time() - began_s
    return Result(
        id=case.id,
        corpus=case.corpus,
        lang=case.lang,
        source=case.source,
        reader=name,
        text=text,
        cpu_s=cpu_s,
        score=None if case.gold is None else score_text(text, case.gold),
        segments=score_segments(text, case.wanted, case.unwanted) if case.wanted else None,
    )
