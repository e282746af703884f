"""The JSON Schema of a trial's YAML, for editors: it completes and checks what a coordinator writes.

The schema is committed as `docs/schemas/trial.schema.json`. Write it anew after a change of the vocabulary with
`python -m mappings.schema > docs/schemas/trial.schema.json`; a test fails while the two differ. What decides at the
start is `load_trial` and the lint: they also know the value sets and the lines of the file.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from mappings.trials import MOMENTS, Trial

Schema = dict[str, Any]

EVENTS: Schema = {
    "type": "object",
    "description": "Moments to which criteria refer by name, in `after`, `before`, `not_before` and `of.event`.",
    "additionalProperties": {"$ref": "#/$defs/NamedEvent"},
}

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def trial_schema() -> Schema:
    """Return the JSON Schema of a trial as it is written: with `events`, and their names where an event is taken."""
    schema = Trial.model_json_schema()
    definitions = schema["$defs"]
    for definition in definitions.values():
        _accept_names(definition.get("properties", {}))
    definitions["NamedEvent"] = _named_event(definitions["Event"])
    schema["properties"]["events"] = EVENTS
    return {"$schema": DIALECT, **schema}


def _accept_names(properties: Schema) -> None:
    """Let the name of an event stand wherever a criterion takes an event."""
    for key in properties.keys() & set(MOMENTS):
        properties[key] = {"anyOf": [{"type": "string", "description": "A name under `events`."}, properties[key]]}


def _named_event(event: Schema) -> Schema:
    """Return the schema of an event under `events`, where the key is its name unless it gives itself another."""
    return {**event, "required": [member for member in event["required"] if member != "name"]}


def schema_text() -> str:
    """Return the schema as the committed file holds it."""
    return json.dumps(trial_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
