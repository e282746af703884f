"""Connections, below what an application of Starlette sees: their bounds, and the answers that uvicorn gives itself.

A stranger without a token gets so far. Nothing of what he sent is kept, answered or logged.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from cds_service.headers import HEADERS_STATE
from hooks.protocol import operation_outcome

HEAD_BYTES = 64 * 1024
"""Of a head (or of trailers) that has no end yet, so that memory has a bound."""

KEEP_ALIVE = 75
"""Seconds for which an idle connection is kept: longer than clients and proxies keep theirs."""


NO_HTTP = operation_outcome(code="structure", what="This is not a request in HTTP/1.1.")
TOO_LONG = operation_outcome(code="too-long", what=f"The head of the request is longer than {HEAD_BYTES} bytes.")


class Connection(HttpToolsProtocol):
    """A connection that keeps no endless head, knows no other protocol, and refuses in our words.

    headless: bytes received since the last head was complete or a part of a body came.
    """

    headless = 0

    def data_received(self, data: bytes) -> None:
        self.headless += len(data)
        super().data_received(data)
        if self.headless > HEAD_BYTES and not self.transport.is_closing():
            self.logger.warning("Head too long.")
            self._refuse(431, TOO_LONG)

    def on_headers_complete(self) -> None:
        self.headless = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self.headless = 0
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        del msg
        self._refuse(400, NO_HTTP)

    def _refuse(self, status: int, body: bytes) -> None:
        """Answer, and close the connection."""
        length = str(len(body)).encode()
        own = [(b"content-type", b"application/json"), (b"content-length", length), (b"connection", b"close")]
        headers = [*self.app_state.get(HEADERS_STATE, ()), *own]
        lines = [b"%s: %s\r\n" % header for header in headers]
        self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", body]))
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: a request that asks for another protocol is answered in this one."""


CONNECTIONS: dict[str, Any] = {
    "http": Connection,
    "ws": "none",
    "timeout_keep_alive": KEEP_ALIVE,
    "access_log": False,
    "server_header": False,
}
"""How uvicorn treats connections, wherever this service runs."""
