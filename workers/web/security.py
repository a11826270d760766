"""What the page does against hostile content and hostile sites: headers, the Host check, and who may post."""

import hmac
import secrets
from collections.abc import Sequence
from hashlib import sha256
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

HEADERS: Final = {
    "Server": "khabar",
    # Only files of our own; no inline script or style, so nothing that escaping might let through would run.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With no-referrer, browsers send the forms of our own pages with `Origin: null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")
CSRF_COOKIE: Final = "khabar_csrf"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def allowed_hosts(listen_host: str, configured: Sequence[str] | None) -> frozenset[str] | None:
    """The names by which the page may be asked for; None: any.

    A page on loopback that took any name would be read by a hostile site whose name suddenly means 127.0.0.1 (DNS
    rebinding). Beyond loopback the operator names the hosts, or leaves that to the proxy before it.
    """
    if configured is not None:
        return frozenset((*configured, *LOOPBACK_NAMES))
    return frozenset((*LOOPBACK_NAMES, listen_host)) if is_loopback(listen_host) else None


def host_of(header: str) -> str:
    """The name in a Host header, without its port; empty where that is no host."""
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port
    except ValueError:
        return ""
    if parts.path or parts.query or parts.fragment or parts.username is not None or parts.hostname is None:
        return ""
    return f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname


def is_same_origin(request: web.Request) -> bool:
    """Whether a browser says that a page of ours sent this: Origin names the host that was asked, and Sec-Fetch-Site,
    where the browser sends it, agrees.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    origin = urlsplit(request.headers.get("Origin", ""))
    return origin.scheme in {"http", "https"} and origin.netloc == request.headers.get("Host")


class Csrf:
    """Tokens for forms, each good with the cookie that it was made for, as long as this process runs."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def cookie(self) -> str:
        """A value for the cookie."""
        return secrets.token_urlsafe(24)

    def token(self, cookie: str) -> str:
        """What a form holds whose browser has this cookie."""
        return hmac.new(self._key, cookie.encode(), sha256).hexdigest()

    def is_right(self, request: web.Request, given: str) -> bool:
        """Whether the form was made for this browser."""
        cookie = request.cookies.get(CSRF_COOKIE, "")
        return bool(cookie) and same(given, self.token(cookie))


def same(given: str, wanted: str) -> bool:
    """Whether the two are the same, in a time that does not say where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())
