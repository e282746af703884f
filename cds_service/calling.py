"""Calling other servers: what FHIR servers and the places of keys are asked with, and how their answers are read.

A call follows no redirect, keeps no cookie and sends no password of this machine. Of an answer nothing is read until
somebody asks for it, piece by piece, and then no longer than until a deadline.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from http.cookiejar import DefaultCookiePolicy

import requests
from urllib3.exceptions import ReadTimeoutError

PIECE = 65_536


class Session(requests.Session):
    """A session whose connections are kept, and nothing else. headers: those of every call."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__()
        self.headers.update(headers)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.auth, self.stream = _nobody, True

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return that an answer leads nowhere.

        Otherwise the library prepares the next call though nobody follows it: it reads the body to its end, however
        long that is, and fails with the address in its message where that is none.
        """
        del resp
        return None


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send no credentials: with an auth of its own, requests looks for no password on this machine."""
    return request


def pieces(response: requests.Response, deadline: float) -> Iterator[bytes]:
    """Yield a body as it comes. deadline: of `time.monotonic`.

    Raises TimeoutError at the deadline, urllib3's HTTPError when the body breaks off. A piece is small, even one that
    was compressed: who counts them is never far beyond his limit.
    """
    try:
        while piece := response.raw.read1(PIECE, decode_content=True):
            if time.monotonic() > deadline:
                raise TimeoutError
            yield piece
    except ReadTimeoutError:
        raise TimeoutError from None
