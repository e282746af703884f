"""The service in a process of its own, which a test kills. What it imports and decides by is loaded once, before."""

from __future__ import annotations

import gc
import multiprocessing
import socket
from multiprocessing.process import BaseProcess

import psycopg  # noqa: F401  (loaded before, see above)
import uvicorn

from cds_service.app import create_app
from cds_service.connections import CONNECTIONS
from cds_service.content import load_content
from cds_service.settings import ContentSettings, Settings

CONTENT = load_content(ContentSettings())
gc.freeze()
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])


def start(settings: Settings, listening: socket.socket) -> BaseProcess:
    """Start the service behind a socket that outlives it."""
    process = _CONTEXT.Process(target=_serve, args=(settings, listening), daemon=True)
    process.start()
    return process


def _serve(settings: Settings, listening: socket.socket) -> None:
    config = uvicorn.Config(create_app(settings, content=CONTENT), log_level="critical", **CONNECTIONS)
    uvicorn.Server(config).run(sockets=[listening])
