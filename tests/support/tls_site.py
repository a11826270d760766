"""A site that speaks HTTPS on loopback with a certificate of the test's choice."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.secured import Certificate
from workers.embedded.ports import LOOPBACK

FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Invented news</title><item><title>A bridge opens</title>
<link>/a.html</link><pubDate>Mon, 02 Nov 2026 10:00:00 GMT</pubDate></item></channel></rss>"""


class _Handler(BaseHTTPRequestHandler):
    """Every path is the feed, but for robots.txt, which is not there."""

    def do_GET(self) -> None:
        is_there = self.path != "/robots.txt"
        self.send_response(200 if is_there else 404)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", str(len(FEED) if is_there else 0))
        self.end_headers()
        if is_there:
            self.wfile.write(FEED)

    def log_message(self, *_: object) -> None:
        """Nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that does not like the certificate ends the connection."""


@contextmanager
def tls_site(certificate: Certificate) -> Iterator[str]:
    """Its HOST:PORT."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    server = _Server((LOOPBACK, 0), _Handler)
    # The handshake is made when the handler first reads, in its own thread.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"{LOOPBACK}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
