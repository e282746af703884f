"""Security headers on every answer, whoever gives it: worked out once, put behind the others."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cds_service.pages import STYLE_HASH

CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src '{STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""No script, no picture, no frame: the pages are text with one style sheet, and JSON needs nothing."""

ALWAYS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""`no-store` stands on all of them: no route that answers with patient data can be forgotten."""

HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}


class SecurityHeaders:
    """Adds the headers to each answer. public_url: HSTS is sent only when clients reach the service by https."""

    def __init__(self, app: ASGIApp, public_url: str | None) -> None:
        self.app, self.headers = app, list(_headers(public_url))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self.headers]
            await send(message)

        await self.app(scope, receive, send_on)


def _headers(public_url: str | None) -> Iterator[tuple[bytes, bytes]]:
    secure = public_url is not None and public_url.startswith("https://")
    for name, value in {**ALWAYS, **(HTTPS_ONLY if secure else {})}.items():
        yield name.lower().encode(), value.encode()
