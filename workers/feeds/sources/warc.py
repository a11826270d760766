"""WARC files, as crawlers write them: a page of each response that is one.

Read by FastWARC, which takes a quarter of warcio's time (docs/benchmarks.md). It passes over what is missing at the
end of a file; so each body is counted, and the end of a file is looked at once more (`warc_end.py`).
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import BinaryIO, Final

from fastwarc import ArchiveIterator, WarcHeader, WarcRecord, WarcRecordType

from workers.feeds.codings import BadCodingError, TooLargeError
from workers.feeds.outgoing import Mistake, Outgoing
from workers.feeds.sources.http import decoded
from workers.feeds.sources.pages import Known
from workers.feeds.sources.step import END, START, Place, Read, Reason, Skipped, Step
from workers.feeds.sources.warc_end import fault_at_the_end, record_end

PAGE_TYPES: Final = frozenset({"text/html", "application/xhtml+xml", "text/plain"})

# FastWARC's types cannot be hashed.
_RESPONSE: Final = int(WarcRecordType.response)
_RESOURCE: Final = int(WarcRecordType.resource)
_OTHER_TYPES: Final = {
    int(WarcRecordType.request): Reason.REQUEST,
    int(WarcRecordType.metadata): Reason.METADATA,
    int(WarcRecordType.warcinfo): Reason.WARCINFO,
    int(WarcRecordType.revisit): Reason.REVISIT,
}


_SKIPPED: Final = {reason: Skipped(reason) for reason in Reason}


class _BrokenError(ValueError):
    """The file cannot be read on from here."""


class _Pipe:
    """A stream that cannot be read from its middle, with the position that FastWARC asks for."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._done_bytes = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._done_bytes += len(data)
        return data

    def tell(self) -> int:
        return self._done_bytes

    def seek(self, _offset: int, _whence: int = 0) -> int:
        raise OSError("it cannot be read from its middle")

    def close(self) -> None:
        """The stream is its owner's to close."""


def read_warc(
    name: str, stream: BinaryIO, known: Known, max_bytes: int, start: Place = START
) -> Iterator[Step]:
    """The events of the records after `start`, what is skipped, and the mistake that ends a broken file.

    A file is read on from the middle where each record is a gzip member of its own, or none is packed.
    """
    seeks = stream.seekable()
    offset, count = start.offset, start.number
    try:
        for record in _records(stream, start, seeks=seeks):
            offset, count = record.stream_pos, count + 1
            place = Place(0, offset, count, record.record_id or "") if seeks else Place(number=count)
            yield Step(_read(record, f"{name}@{offset}", known, max_bytes), place, offset)
        broken = fault_at_the_end(stream, offset) if seeks and count else None
    except (OSError, _BrokenError) as error:
        at = (record_end(stream, offset) if count and not isinstance(error, _BrokenError) else None) or offset
        broken = at, str(error)
    if not count and broken is None:
        broken = 0, "there are no records"
    if broken is not None:
        at, why = broken
        message = f"is no WARC, or broken, from here: {why}. Nothing after it was read"
        yield Step(Mistake(f"{name}@{at}", message), END, at)


def _records(stream: BinaryIO, start: Place, *, seeks: bool) -> Iterator[WarcRecord]:
    if start.record and seeks:
        stream.seek(start.offset)
        records = iter(ArchiveIterator(stream, parse_http=False))
        with suppress(OSError):  # the file was packed as a whole, and this is the middle of it
            first = next(records, None)
            if first is not None and first.record_id == start.record:
                yield from records
                return
        stream.seek(0)
    for number, record in enumerate(ArchiveIterator(stream if seeks else _Pipe(stream), parse_http=False)):
        if number >= start.number:
            yield record


def _read(record: WarcRecord, where: str, known: Known, max_bytes: int) -> Read:
    """The record's event, or why there is none."""
    kind = int(record.record_type)
    if kind not in {_RESPONSE, _RESOURCE}:
        return _SKIPPED[_OTHER_TYPES.get(kind, Reason.OTHER_RECORD)]
    fields = record.headers
    reason = None
    if fields.get(WarcHeader.WARC_TRUNCATED) or fields.get(WarcHeader.WARC_SEGMENT_NUMBER):
        reason = Reason.CUT
    elif record.content_length > max_bytes:
        reason = Reason.TOO_LARGE
    if reason is not None:
        return _SKIPPED[reason]
    if kind == _RESOURCE:
        http = {"content-type": fields.get(WarcHeader.CONTENT_TYPE) or ""}
    else:
        try:
            record.parse_http()
        except OSError as error:
            return Mistake(where, f"has no readable HTTP header: {error}")
        headers = record.http_headers
        if headers is None:
            raise _BrokenError("the record breaks off")
        if headers.status_code != 200:
            return _SKIPPED[Reason.STATUS]
        # Of several headers of one name the first counts.
        http = {name.lower(): value for name, value in reversed(headers.items())}
    return _event(record, where, known, http, max_bytes)


def _event(record: WarcRecord, where: str, known: Known, http: Mapping[str, str], max_bytes: int) -> Read:
    fields = record.headers
    content_type = (
        http.get("content-type") or fields.get(WarcHeader.WARC_IDENTIFIED_PAYLOAD_TYPE) or ""
    ).strip()
    if content_type.partition(";")[0].strip().lower() not in PAGE_TYPES:
        return _SKIPPED[Reason.CONTENT_TYPE]
    wanted = record.content_length
    body = record.reader.read()
    if len(body) < wanted:
        raise _BrokenError(f"the record has {len(body):,} of {wanted:,} bytes")
    transfer, coding = http.get("transfer-encoding"), http.get("content-encoding")
    if transfer or coding:
        try:
            body = decoded(body, transfer, coding, max_bytes)
        except BadCodingError as error:
            return Mistake(where, f"has a body that cannot be read: {error}")
        except TooLargeError:
            return _SKIPPED[Reason.TOO_LARGE]
    # WARC/1.0 wrote <URI>
    url = (fields.get(WarcHeader.WARC_TARGET_URI) or known.url or "").strip("<> ").encode()
    headers = [("content-type", content_type.encode())]
    if url:
        headers.append(("url", url))
    if fetched_at := fields.get(WarcHeader.WARC_DATE):
        headers.append(("fetched-at", fetched_at.encode()))
    if known.source:
        headers.append(("source", known.source.encode()))
    if known.lang:
        headers.append(("lang", known.lang.encode()))
    return Outgoing(where=where, key=url or None, value=body, headers=tuple(headers))
