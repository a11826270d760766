"""The figures as text."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

from workers.boilerplate.evaluation.corpora import DUMPS
from workers.boilerplate.evaluation.readers import BASELINE
from workers.boilerplate.evaluation.runs import Result
from workers.boilerplate.evaluation.scores import SegmentMeans, TextMeans, segment_means, text_means

IN_ARABIC: Final = ", in Arabic letters"
"""What the names of mapped sets end with."""
_HEAD: Final = (
    f"{'':<20} {'F1':>6} {'P':>6} {'R':>6} {'F1doc':>6} {'exact':>6} {'fail':>6}   {'segF1':>6} {'segP':>6} "
    f"{'segR':>6}   {'ms/page':>8} {'speed':>6}"
)
_NAME_CHARS: Final = 20
_COLUMN_CHARS: Final = 16
_KINDS: Final = ("pages, F1", "pages, F1 of segments", "dumps, F1")

Key = TypeVar("Key", bound=Hashable)


def main_table(results: Sequence[Result]) -> Iterator[str]:
    """For each set, and for all sets of a kind: a line for each reader."""
    yield _HEAD
    for title, chosen in _groups(results):
        yield ""
        yield f"{title}: {len({result.id for result in chosen})}"
        by_reader = _by(chosen, lambda result: result.reader)
        baseline = by_reader.get(BASELINE, [])
        for reader, own in by_reader.items():
            yield _line(reader, own, _cpu_ms(baseline))


def table_by(results: Sequence[Result], key: str) -> Iterator[str]:
    """F1 by the values of `key` ("lang" or "source"): a line for each, a column for each reader."""
    for kind, chosen in _by_kind(results).items():
        readers = list(dict.fromkeys(result.reader for result in chosen))
        yield ""
        yield f"{kind}, by {key}"
        yield f"{'':<20} {'n':>5} " + " ".join(f"{reader:>{_COLUMN_CHARS}}" for reader in readers)
        groups = _by(chosen, lambda result: str(getattr(result, key)))
        for value, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
            own = _by(group, lambda result: result.reader)
            cells = " ".join(f"{_f1(own.get(reader, [])):>{_COLUMN_CHARS}}" for reader in readers)
            yield f"{value[:_NAME_CHARS]:<20} {len({result.id for result in group}):>5} {cells}"


def script_table(results: Sequence[Result]) -> Iterator[str]:
    """F1 on the original pages and on the mapped ones, and the difference."""
    yield f"{'':<28} {'original':>9} {'mapped':>9} {'difference':>11}"
    groups = _by(results, lambda result: (result.corpus.removesuffix(IN_ARABIC), result.reader))
    for (corpus, reader), chosen in groups.items():
        originals = [result for result in chosen if not result.corpus.endswith(IN_ARABIC)]
        mapped = [result for result in chosen if result.corpus.endswith(IN_ARABIC)]
        pair = (_headline(originals), _headline(mapped))
        if pair[0] is not None and pair[1] is not None:
            yield f"{corpus:<10} {reader:<17} {pair[0]:>9.4f} {pair[1]:>9.4f} {pair[1] - pair[0]:>+11.4f}"


def _groups(results: Sequence[Result]) -> Iterator[tuple[str, list[Result]]]:
    """The sets, and behind them all pages with gold text and all dumps where there is more than one set of them."""
    originals = [result for result in results if not result.corpus.endswith(IN_ARABIC)]
    yield from _by(results, lambda result: result.corpus).items()
    for title, is_dump in (("all pages with gold text", False), ("all dumps", True)):
        chosen = [
            result for result in originals if result.score and result.corpus.startswith(DUMPS) is is_dump
        ]
        if len({result.corpus for result in chosen}) > 1:
            yield title, chosen


def _by_kind(results: Sequence[Result]) -> dict[str, list[Result]]:
    originals = [result for result in results if not result.corpus.endswith(IN_ARABIC)]
    return _by(originals, _kind)


def _kind(result: Result) -> str:
    if result.corpus.startswith(DUMPS):
        return _KINDS[2]
    return _KINDS[0] if result.score else _KINDS[1]


def _by(results: Iterable[Result], key: Callable[[Result], Key]) -> dict[Key, list[Result]]:
    groups: dict[Key, list[Result]] = defaultdict(list)
    for result in results:
        groups[key(result)].append(result)
    return groups


def _line(reader: str, results: Sequence[Result], baseline_ms: float) -> str:
    cpu_ms = _cpu_ms(results)
    speed = f"{baseline_ms / cpu_ms:>6.1f}" if baseline_ms and cpu_ms else f"{'-':>6}"
    texts = _text_cells(text_means(result.score for result in results if result.score))
    has_segments = all(result.segments for result in results)
    segments = _segment_cells(_segment_means(results) if has_segments else None)
    return f"  {reader:<18} {texts}   {segments}   {cpu_ms:>8.1f} {speed}"


def _text_cells(means: TextMeans | None) -> str:
    if means is None:
        return " ".join([f"{'-':>6}"] * 6)
    figures = (
        means.f1,
        means.precision,
        means.recall,
        means.f1_by_page,
        means.exact_ratio,
        means.failed_ratio,
    )
    return " ".join(f"{figure:>6.4f}" for figure in figures)


def _segment_cells(means: SegmentMeans | None) -> str:
    if means is None:
        return " ".join([f"{'-':>6}"] * 3)
    return " ".join(f"{figure:>6.4f}" for figure in (means.f1, means.precision, means.recall))


def _segment_means(results: Sequence[Result]) -> SegmentMeans | None:
    return segment_means(result.segments for result in results if result.segments)


def _f1(results: Sequence[Result]) -> str:
    found = _headline(results)
    return "-" if found is None else f"{found:.4f}"


def _headline(results: Sequence[Result]) -> float | None:
    """F1 of the texts; of the segments where there is no gold text."""
    texts = text_means(result.score for result in results if result.score)
    means = texts or _segment_means(results)
    return means.f1 if means else None


def _cpu_ms(results: Sequence[Result]) -> float:
    return 1000 * sum(result.cpu_s for result in results) / max(1, len(results))
