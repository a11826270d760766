"""The files that a user names, in the order in which they are read, and what stands in them."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, Final

from workers.feeds.outgoing import Mistake
from workers.feeds.sources.archives import read_tar, read_zip
from workers.feeds.sources.kinds import BULK, KNOWN_ENDINGS, Kind, kind_of
from workers.feeds.sources.lines import read_lines
from workers.feeds.sources.pages import BROKEN_GZIP, Known, gunzipped, read_whole
from workers.feeds.sources.step import END, START, Place, Reason, Skipped, Step
from workers.feeds.sources.warc import read_warc

STDIN: Final = Path("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be read, and how: what a process needs to know that reads it.

    Events of more than `max_bytes` are mistakes. `format` is what all files are; None: what their names say.
    """

    paths: tuple[Path, ...]
    max_bytes: int
    format: Kind | None = None
    known: Known = field(default_factory=Known)

    @property
    def is_bulk(self) -> bool:
        """Whether there is a folder, an archive or a WARC file among the paths, all of which can be read again."""
        return STDIN not in self.paths and any(
            path.is_dir() or self.kind(path) in BULK for path in self.paths
        )

    def kind(self, path: Path) -> Kind | None:
        """How the file is read, or None where that cannot be told."""
        if self.known.content_type is not None:
            return Kind.ENVELOPE if self.known.is_json else Kind.PAGE
        return self.format or (Kind.LINES if path == STDIN else kind_of(path.name))


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read. Of one that was found in a folder, it need not be known what it is.

    `fault` says why a folder cannot be looked into.
    """

    path: Path
    is_named: bool
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Census:
    """How many files there are, their bytes, and a digest of their names, sizes and times of change."""

    files: int
    size_bytes: int
    digest: str


def census(plan: Plan) -> Census:
    """What is there now, from the folders and the files' entries in them."""
    files = size_bytes = 0
    digest = blake2b(digest_size=16)
    for source in sources(plan.paths):
        try:
            found = source.path.stat()
            entry = (str(source.path.absolute()), found.st_size, found.st_mtime_ns)
        except OSError:
            entry = (str(source.path.absolute()), 0, 0)
        files += 1
        size_bytes += entry[1]
        digest.update(repr(entry).encode("utf-8", "surrogateescape"))
    return Census(files, size_bytes, digest.hexdigest())


def sources(paths: Sequence[Path]) -> Iterator[Source]:
    """The files; of a folder those in it by name, then those of the folders in it. Links to folders are not followed,
    but named.
    """
    for path in paths:
        if path == STDIN or not path.is_dir():
            yield Source(path, is_named=True)
            continue
        faults: list[OSError] = []
        for place, folders, names in os.walk(path, onerror=faults.append):
            folders.sort()
            links = [name for name in folders if Path(place, name).is_symlink()]
            for name in sorted([*names, *links]):
                yield Source(Path(place, name), is_named=False)
        for fault in faults:
            yield Source(Path(fault.filename), is_named=False, fault=fault.strerror or str(fault))


def read(plan: Plan, source: Source, stdin: BinaryIO | None = None, start: Place = START) -> Iterator[Step]:
    """The steps of one file after `start`; a mistake where it cannot be read, or not to its end."""
    name = os.fsencode(source.path).decode("utf-8", "replace")
    if source.fault:
        yield Step(Mistake(name, f"cannot be read: {source.fault}"), END, 0)
        return
    if not source.is_named and (_is_hidden(source, plan) or not source.path.is_file()):
        # Opening a device or a pipe might wait for ever.
        yield Step(Skipped(Reason.HIDDEN if _is_hidden(source, plan) else Reason.NO_FILE), END, 0)
        return
    kind = plan.kind(source.path)
    if kind is None and source.path.exists():
        message = f"what is it? Known endings are {KNOWN_ENDINGS}; for others say --content-type or --format"
        yield Step(Mistake(name, message) if source.is_named else Skipped(Reason.OTHER_FILE), END, 0)
        return
    try:
        if source.path == STDIN:
            assert stdin is not None
            yield from _steps(plan, "standard input", kind, stdin, start)
        else:
            with source.path.open("rb") as stream:
                yield from _steps(plan, name, kind, stream, start)
    except BROKEN_GZIP as error:
        yield Step(Mistake(name, f"cannot be unpacked: {error}"), END, 0)
    except OSError as error:
        yield Step(Mistake(name, f"cannot be read: {error.strerror or error}"), END, 0)


def _is_hidden(source: Source, plan: Plan) -> bool:
    """Whether the file, or a folder around it below the one that was named, has a name that begins with a dot."""
    folder = next(path for path in plan.paths if source.path.is_relative_to(path))
    return any(part.startswith(".") for part in source.path.relative_to(folder).parts)


def _steps(plan: Plan, name: str, kind: Kind | None, stream: BinaryIO, start: Place) -> Iterator[Step]:
    known, limit = plan.known, plan.max_bytes
    match kind:
        case Kind.WARC:
            yield from read_warc(name, stream, known, limit, start)
        case Kind.TAR:
            yield from read_tar(name, stream, known, limit, start)
        case Kind.ZIP:
            yield from read_zip(name, stream, known, limit, start)
        case Kind.LINES:
            is_packed = name.lower().endswith(".gz")
            seeks = stream.seekable() and not is_packed
            for step in read_lines(name, gunzipped(name, stream), known, limit, start, seeks=seeks):
                yield step._replace(done_bytes=stream.tell()) if is_packed and stream.seekable() else step
        case _:
            yield Step(read_whole(name, name, gunzipped(name, stream), known, limit), END, 0)
