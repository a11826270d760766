"""What went wrong with a request, as a FeedError that says so."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

import aiohttp

from workers.feeds.codings import BadCodingError, TooLargeError
from workers.feeds.fetch.addresses import ForbiddenAddressError
from workers.feeds.fetch.headers import retry_after_s
from workers.feeds.model import Fault, FeedError

_BY_STATUS: Final = {
    **dict.fromkeys((404, 410), Fault.GONE),
    **dict.fromkeys((401, 402, 403, 407, 451), Fault.REFUSED),
    429: Fault.RATE_LIMITED,
}

_BY_ERROR: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], Fault, str], ...]] = (
    ((aiohttp.InvalidURL, UnicodeError), Fault.FORBIDDEN_SCHEME, "is no URL that can be asked for"),
    (aiohttp.ClientConnectorDNSError, Fault.DNS, "the host's name cannot be resolved"),
    (aiohttp.ClientConnectorCertificateError, Fault.TLS, "the certificate is not to be trusted: {0}"),
    (aiohttp.ClientSSLError, Fault.TLS, "no TLS connection: {0}"),
    (aiohttp.ConnectionTimeoutError, Fault.TIMEOUT, "no connection within the time for it"),
    (asyncio.TimeoutError, Fault.TIMEOUT, "the answer took too long"),
    (aiohttp.ClientPayloadError, Fault.CONNECTION, "the answer ended before it was complete"),
    (aiohttp.ServerDisconnectedError, Fault.CONNECTION, "the connection was closed without an answer"),
    (aiohttp.ClientResponseError, Fault.CONNECTION, "the answer is not HTTP as it should be"),
    (aiohttp.ClientConnectorError, Fault.CONNECTION, "no connection: {0.os_error}"),
    (Exception, Fault.CONNECTION, "no connection: {0}"),
)
"""The first that fits."""


def status_error(url: str, status: int, headers: Mapping[str, str]) -> FeedError:
    """The error of an answer that is neither 200 nor 304."""
    after_s = retry_after_s(headers)
    fault = _BY_STATUS.get(status, Fault.HTTP_ERROR)
    if status == HTTPStatus.SERVICE_UNAVAILABLE and after_s is not None:
        fault = Fault.RATE_LIMITED
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = str(status)
    wish = "" if after_s is None else f" and asks to wait {after_s:.0f} s"
    return FeedError(fault, f"{url} answers {phrase}{wish}", url=url, retry_after_s=after_s)


def forbidden_address(url: str, host: str, address: str) -> FeedError:
    where = host if host == address else f"{host} ({address})"
    message = (
        f"{url}: {where} is not an address of the public Internet, and is not asked. "
        f"If it is meant to be, name it under allow_private in the list of feeds"
    )
    return FeedError(Fault.FORBIDDEN_ADDRESS, message, url=url)


@contextmanager
def translated(url: str, max_bytes: int) -> Iterator[None]:
    """What aiohttp and the decoders raise becomes a FeedError."""
    try:
        yield
    except ForbiddenAddressError as error:
        raise forbidden_address(url, error.host, error.address) from error
    except TooLargeError as error:
        message = f"{url} is larger than {max_bytes:,} bytes"
        raise FeedError(Fault.TOO_LARGE, message, url=url) from error
    except BadCodingError as error:
        message = f"{url}: the content-coding cannot be undone: {error}"
        raise FeedError(Fault.BAD_ENCODING, message, url=url) from error
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        fault, what = _explained(error)
        raise FeedError(fault, f"{url}: {what}", url=url) from error


def _explained(error: Exception) -> tuple[Fault, str]:
    return next((fault, what.format(error)) for kinds, fault, what in _BY_ERROR if isinstance(error, kinds))
