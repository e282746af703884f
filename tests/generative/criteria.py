"""Random criteria, as a coordinator would write them in YAML, and trees of them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from pydantic import TypeAdapter

from mappings.kinds import Kind, When

Json = dict[str, Any]

_written: TypeAdapter[Kind] = TypeAdapter(When)

ABSENCE = st.sampled_from(["unknown", "presume-absent", "ask"])
LIMITS = [
    ("platelets", "10*9/L", 50),
    ("platelets", "/mm3", 50000),
    ("creatinine", "mg/dL", "1.5"),
    ("inr", "1", "1.5"),
]
TUMOURS = st.sampled_from(["tumour", "other-tumour", ["tumour", "other-tumour"]])


def parse(written: Json) -> Kind:
    """Return the criterion that this content means."""
    return _written.validate_python(written)


@st.composite
def _some(draw: st.DrawFn, required: Json, optional: dict[str, st.SearchStrategy[Any]]) -> Json:
    """The required fields, and each optional one in every other."""
    chosen = {name: draw(value) for name, value in optional.items() if draw(st.booleans())}
    return required | chosen


@st.composite
def condition(draw: st.DrawFn) -> Json:
    return draw(
        _some(
            {"kind": "condition", "value_set": draw(TUMOURS), "absence": draw(ABSENCE)},
            {
                "only_at": st.just({"unsited-tumour": "liver"}),
                "not_at": st.just("lung"),
                "judge": st.just("unclear-tumour"),
                "when_resolved": st.sampled_from(["judged", "ignored"]),
                "suspected_counts": st.just(True),
                "within": st.sampled_from(["30 days", "2 months"]),
            },
        )
    )


@st.composite
def procedure(draw: st.DrawFn) -> Json:
    status = st.sampled_from(["planned", "either"])
    return draw(
        _some(
            {"kind": "procedure", "value_set": "ablation", "absence": draw(ABSENCE)},
            {
                "only_at": st.just({"unsited-ablation": "liver"}),
                "status": status,
                "dated": st.just(True),
                "after": st.just({"name": "operation", "value_set": "resection"}),
            },
        )
    )


@st.composite
def observation(draw: st.DrawFn) -> Json:
    answers = {"holds": "detected", "fails": "not-detected", "open": "indeterminate"}
    return draw(
        _some(
            {"kind": "observation", "value_set": "marker", "answers": answers},
            {"after": st.just({"name": "operation", "value_set": ["resection", "ablation"]}), "absence": ABSENCE},
        )
    )


@st.composite
def measured(draw: st.DrawFn) -> Json:
    analyte, unit, threshold = draw(st.sampled_from(LIMITS))
    side = draw(st.sampled_from(["above", "at_least", "below", "at_most"]))
    written = {"kind": "measured", "value_set": analyte, "unit": unit, side: threshold}
    return draw(_some(written, {"absence": ABSENCE}))


@st.composite
def age(draw: st.DrawFn) -> Json:
    return draw(st.sampled_from([{"at_least": 18, "at_most": 75}, {"at_least": 18}, {"at_most": 75}])) | {"kind": "age"}


@st.composite
def allergy(draw: st.DrawFn) -> Json:
    return draw(
        _some(
            {"kind": "allergy", "value_set": "drug", "absence": draw(ABSENCE)},
            {"judge": st.just("related-drug"), "none_known": st.just("no-known-allergy")},
        )
    )


leaves: st.SearchStrategy[Json] = st.one_of(
    condition(), procedure(), observation(), measured(), age(), allergy(), st.just({"kind": "human"})
)


def _compounds(parts: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    some = st.lists(parts, min_size=1, max_size=3)
    return st.one_of(
        st.fixed_dictionaries({"all_of": some}),
        st.fixed_dictionaries({"any_of": some}),
        st.fixed_dictionaries({"not": parts}),
        st.fixed_dictionaries({"at_least": st.integers(1, 3), "of": some}),
        st.fixed_dictionaries({"if": parts, "then": parts}),
    )


trees: st.SearchStrategy[Json] = st.recursive(leaves, _compounds, max_leaves=5)
"""A criterion: a leaf, or a tree of at most five or so."""
