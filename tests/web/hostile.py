"""A hospital's own trial and site file whose every text is an attempt to become markup."""

from __future__ import annotations

from pathlib import Path

MARKUP = "<script>stolen=1</script><img src=x onerror='stolen=1'>\"&lt;"
CONTACT = "Dr. Example, telephone 5550100"

TRIAL = f"""
id: HOSTILE
short_title: <b>bold</b> & "quoted"
title: |-
  {MARKUP}
registry: {{name: <i>R</i>, url: "javascript:stolen=1", status: recruiting, source: <u>page</u>}}
sponsor: |-
  {MARKUP}
arms: ["<s>arm</s>"]
source_text: ["<x>.txt"]
next_step: |-
  {MARKUP}
anchors: [I1]
criteria:
  - id: I1
    role: inclusion
    source: site
    text: |-
      {MARKUP}
    ask: <em>ask</em>
    readings: ["<q>reading</q>"]
    when: {{kind: condition, value_set: colorectal-cancer, label: "<label>"}}
"""

SITE = f"""
trials:
  HOSTILE:
    contact: {CONTACT}
    rules:
      - {{id: S1, role: exclusion, source: site, text: "Our own rule", when: {{kind: age, at_least: 90}}}}
"""


def write(folder: Path) -> tuple[Path, Path]:
    """Write both and return the folder of trials and the site file."""
    (folder / "trials").mkdir()
    (folder / "trials" / "HOSTILE.yaml").write_text(TRIAL, encoding="utf-8")
    (folder / "site.yaml").write_text(SITE, encoding="utf-8")
    return folder / "trials", folder / "site.yaml"
