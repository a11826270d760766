"""How well main text is found: `python -m workers.boilerplate.evaluate FOLDER`.

FOLDER holds html.NAME.jsonl.gz (`id`, `lang`, `source`, `html`, and `gold`, the main text, or `with` and `without`,
segments of it and of the rest) and text.NAME.jsonl.gz (`text`, a dump of a page, for `html`). Prints F1, precision and
recall over runs of four words, or over the segments, for each set; with --peers for other extractors beside ours, on
the same pages in the same run, and how many times as fast as trafilatura each is (CPU time, page by page in turn).
"""

import argparse
import functools
import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Final

import orjson

from workers.boilerplate import stage
from workers.boilerplate.evaluation import corpora, letters, metadata, readers, runs, tables
from workers.boilerplate.evaluation.corpora import Case
from workers.boilerplate.evaluation.readers import Factory
from workers.boilerplate.evaluation.runs import Result

_KEYS: Final = ("lang", "source")
_PACKAGES: Final = ("trafilatura", "resiliparse", "readability-lxml", "justext")
_PROCESSES: Final = 2


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, score, print."""
    parser = _parser()
    options = parser.parse_args(arguments)
    options.sets = _known_sets(parser, options)
    try:
        cases = list(corpora.read_all(options.folder, options.sets))
    except (OSError, KeyError, orjson.JSONDecodeError) as error:
        parser.error(f"{options.folder} holds a set that cannot be read: {error!r}")
    if options.arabic_letters:
        cases = list(_in_both_scripts(cases))
    results = list(_told(runs.run(cases, _factories(options), processes=options.processes)))
    _print(_facts(cases, peers=options.peers), tables.main_table(results))
    for key in options.by:
        _print(tables.table_by(results, key))
    if options.arabic_letters:
        _print([""], tables.script_table(results))
    if options.metadata:
        _print(metadata.lines(options.folder, peers=options.peers))
    if options.details:
        options.details.write_bytes(b"".join(orjson.dumps(each.row()) + b"\n" for each in results))


def _known_sets(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[str]:
    """The sets to read; ends the program when it cannot do what the options say."""
    if options.peers and (missing := readers.missing_peers()):
        parser.error(f"--peers needs {', '.join(missing)}: pip install -e '.[peers]'")
    if options.metadata and not (options.folder / metadata.GOLD_FILE).is_file():
        parser.error(f"--metadata needs {options.folder / metadata.GOLD_FILE}")
    if options.folds and not (options.folds / "0.npz").is_file():
        parser.error(
            f"{options.folds} holds no models: python -m workers.boilerplate.training.page --folds writes them"
        )
    found = corpora.names(options.folder)
    if not found:
        parser.error(f"{options.folder} holds no html.*.jsonl.gz and no text.*.jsonl.gz")
    if unknown := set(options.sets or ()) - set(found):
        parser.error(f"{options.folder} has no set {', '.join(sorted(unknown))}")
    return options.sets or found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m workers.boilerplate.evaluate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--peers", action="store_true", help="other extractors, too, and all of a page's text"
    )
    parser.add_argument("--sets", type=_list, metavar="NAME,...", help="only these: fundus, text.mixed, ...")
    parser.add_argument("--by", type=_keys, default=(), metavar="lang,source", help="tables by these")
    parser.add_argument(
        "--arabic-letters",
        action="store_true",
        help="read pages in other alphabets a second time, mapped letter by letter to Arabic script",
    )
    parser.add_argument(
        "--metadata",
        action="store_true",
        help="title, time, authors and language, too, of the pages in metadata.fundus.jsonl",
    )
    parser.add_argument(
        "--folds",
        type=Path,
        metavar="DIR",
        help="read pages that the models have learnt from by those that have not seen their site, which "
        "python -m workers.boilerplate.training.page --folds DIR writes",
    )
    parser.add_argument(
        "--reader",
        type=_named_factory,
        action="append",
        default=[],
        metavar="NAME=MODULE:FUNCTION",
        help="one more reader: FUNCTION() gives a function from RawEvent to text",
    )
    parser.add_argument("--details", type=Path, metavar="FILE", help="write each result as a line of JSON")
    parser.add_argument("--processes", type=int, default=_PROCESSES, help="%(default)s")
    return parser


def _factories(options: argparse.Namespace) -> dict[str, Factory]:
    peers = readers.PEERS if options.peers else {}
    own = functools.partial(readers.unseen, options.folds) if options.folds else readers.own
    return {readers.OWN: own, **dict(options.reader), **peers}


def _in_both_scripts(cases: Iterable[Case]) -> Iterator[Case]:
    """Each page whose main text is in Latin, Greek or Cyrillic letters, and the same in Arabic ones."""
    chosen = [case for case in cases if not case.is_dump and letters.can_be_mapped(case)]
    yield from chosen
    for case in chosen:
        yield replace(letters.in_arabic_letters(case), corpus=case.corpus + tables.IN_ARABIC)


def _told(results: Iterable[Result]) -> Iterator[Result]:
    """The results as they are; says now and then on standard error how many there are."""
    for number, result in enumerate(results, start=1):
        if number % 1000 == 0:
            print(f"{number} results", file=sys.stderr, flush=True)
        yield result


def _facts(cases: Sequence[Case], *, peers: bool) -> Iterator[str]:
    digest = functools.reduce(_updated, cases, blake2b(digest_size=6)).hexdigest()
    found = [f"boilerplate {stage.VERSION}", f"Python {platform.python_version()}"]
    yield ", ".join(found + [f"{name} {version(name)}" for name in _PACKAGES if peers])
    yield f"{len(cases)} pages and dumps, digest {digest}"
    yield ""


def _updated(digest: blake2b, case: Case) -> blake2b:
    parts = (case.id, str(case.event.body), case.gold or "", *case.wanted, *case.unwanted)
    digest.update("\0".join(parts).encode("utf-8", "surrogatepass"))
    return digest


def _list(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _keys(value: str) -> list[str]:
    keys = _list(value)
    if unknown := set(keys) - set(_KEYS):
        raise argparse.ArgumentTypeError(
            f"{', '.join(sorted(unknown))}: only {' and '.join(_KEYS)} are known"
        )
    return keys


def _named_factory(value: str) -> tuple[str, Factory]:
    name, _, path = value.partition("=")
    try:
        return name, readers.load(path)
    except (ImportError, AttributeError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{value!r} is not NAME=MODULE:FUNCTION: {error}") from error


def _print(*groups: Iterable[str]) -> None:
    for lines in groups:
        for line in lines:
            print(line, flush=True)


if __name__ == "__main__":
    main()
