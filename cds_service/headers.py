"""Security headers on every answer, whoever gives it: worked out once, put behind the others."""

from __future__ import annotations

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

HEADERS_STATE = "security_headers"
"""Where connections find them for what they answer themselves."""

HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}


class SecurityHeaders:
    """Adds the headers to each answer. public_url: HSTS is sent only when clients reach the service by https."""

    def __init__(self, app: ASGIApp, public_url: str | None) -> None:
        self.app, self.headers = app, headers_of(public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self.headers]
            await send(message)

        await self.app(scope, receive, send_on)


def headers_of(public_url: str | None) -> list[tuple[bytes, bytes]]:
    """Return the headers of every answer, for clients who reach the service by this URL."""
    secure = public_url is not None and public_url.startswith("https://")
    chosen = {**ALWAYS, **(HTTPS_ONLY if secure else {})}
    return [(name.lower().encode(), value.encode()) for name, value in chosen.items()]
