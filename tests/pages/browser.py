"""A real browser without a window: Debian's chromium, driven by playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = next((path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), None)
NARROW, WIDE = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


@dataclass
class Visit:
    """One page as it was opened. said: what the console has (a refusal by the policy, too). asked: every address."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def started() -> Iterator[Browser]:
    """Yield the browser; a machine without one skips the tests that need it, unless REQUIRE_CHROMIUM is set."""
    if CHROMIUM is None:
        (pytest.fail if os.environ.get("REQUIRE_CHROMIUM") else pytest.skip)("no chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def visit(browser: Browser, url: str, *, width: dict[str, int] = WIDE) -> Visit:
    """Open a page as a person would; the caller closes it."""
    page = browser.new_page(viewport=width)  # type: ignore[arg-type]
    found = Visit(page)
    page.on("console", lambda message: found.said.append(message.text))
    page.on("pageerror", lambda error: found.said.append(str(error)))
    page.on("request", lambda request: found.asked.append(request.url))
    page.goto(url)
    return found
