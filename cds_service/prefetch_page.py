"""The page of the prefetch: every key with its template, for EHRs that do not read discovery.

The page is committed as `docs/prefetch.md`, of our own content. Write it anew after a change of what the criteria need
with `python -m cds_service.prefetch_page > docs/prefetch.md`; a test fails while it differs from what discovery says.
A hospital with trials or codes of its own prints its page by the same command with its settings.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from cds_service.content import Content, load_content
from cds_service.settings import load_content_settings
from hooks.prefetch import Template, templates
from hooks.services import SERVICES, Service

HEAD = """# The prefetch

What discovery (`GET /cds-services`) lists, for EHRs that do not read it: each key with its template, to be set up by
hand. Only `patient` is needed for an answer. A key that is left out is fetched where that is allowed, and otherwise not
known. A template stands on one line, however long.
"""

LONGEST = 120
"""Characters of a template in the table; a longer one stands below it."""


def prefetch_page(content: Content) -> str:
    """Return the page in Markdown."""
    return "\n".join([HEAD, *(_service(service, content) for service in SERVICES)])


def _service(service: Service, content: Content) -> str:
    known = templates(service.trials(content.catalogue), content.vocabulary, content.maps)
    rows = "\n".join(f"| `{each.key}` | {_cell(each)} |" for each in known.values())
    long = "\n".join(_below(known.values()))
    return f"## {service.id}\n\n| key | template |\n|---|---|\n{rows}\n{long}"


def _cell(template: Template) -> str:
    return "below" if _is_long(template) else f"`{template.query}`"


def _below(known: Iterable[Template]) -> Iterator[str]:
    """Yield the long templates; the codes in them hold signs that a table would take for its own."""
    return (f"\n`{each.key}`:\n\n```\n{each.query}\n```\n" for each in known if _is_long(each))


def _is_long(template: Template) -> bool:
    return len(template.query) > LONGEST or "|" in template.query


if __name__ == "__main__":
    sys.stdout.write(prefetch_page(load_content(load_content_settings())))
