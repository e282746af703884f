"""Who may call. Until tokens can be verified here, nobody is let in who would have to prove who he is.

`off`: everyone may call. `required` (the default): no one may, since no token can be checked yet. `optional`: a
request without a token may; one with a token is refused, because a token that nobody checks must not look checked.
"""

from __future__ import annotations

from typing import Literal

from hooks.protocol import ProtocolError

Mode = Literal["required", "optional", "off"]


def check(mode: Mode, authorization: str | None) -> None:
    """Let a request pass, or raise ProtocolError 401, which never says why."""
    if mode == "off" or (mode == "optional" and authorization is None):
        return
    raise ProtocolError(401, "login", "Not authenticated.")
