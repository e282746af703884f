"""The words of CDS Hooks: request, response, discovery, feedback and errors, as they stand on the wire.

Nothing here knows a trial or an HTTP status line; no other module knows CDS Hooks' JSON. Wire names are kept
(`hookInstance`), and a member without a value is left out, as CDS Hooks asks.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Literal

import msgspec

from mappings.fhir import ID, AnyBody, Body, Unreadable, decode, limit_nesting
from mappings.fhir.bodies import patient_ids
from mappings.fhir.decoding import misfit
from mappings.report import FindingReport
from terminology.errors import CdsError, RecordError

PATIENT_KEY = "patient"
"""The prefetch key of the one resource without which there is no answer."""

DOTS = frozenset({".", ".."})
"""Ids by FHIR's pattern that would be another place in a URL."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_USER = re.compile(r"(?:https?://[!-~]+/)?(Practitioner|PractitionerRole|Patient|RelatedPerson)/[!-.0-~]+")
PATIENT_FACING = frozenset({"Patient", "RelatedPerson"})


class ProtocolError(CdsError):
    """A request that cannot be answered.

    status: the HTTP status that says so. code: FHIR IssueType. what: holds no patient datum. expression: the member.
    """

    def __init__(self, status: int, code: str, what: str, expression: str | None = None) -> None:
        super().__init__(status, code, what, expression)
        self.status, self.code, self.what, self.expression = status, code, what, expression


# The request


ABSENT = msgspec.Raw(b"null")
"""A member that was not sent, of those that are read afterwards."""


class Context(msgspec.Struct, frozen=True):
    """The context of `patient-view` and of every hook that names a patient; what else a hook sends is not used."""

    patientId: str | None = None
    userId: str | None = None


class FhirAuthorization(msgspec.Struct, frozen=True):
    """A token for the client's FHIR server: used for this request only, never kept or logged."""

    access_token: str | None = None
    token_type: str | None = None
    expires_in: float | None = None
    scope: str | None = None
    patient: str | None = None


class UnusableAuthorization(msgspec.Struct, frozen=True):
    """What a client sent as `fhirAuthorization` and cannot be read: nothing may be fetched, with a token or without."""


class HookRequest(msgspec.Struct, frozen=True):
    """A request that was checked. patient: the bare id. prefetch: key -> what came, None for the client's null.

    user: as the client names him (`Practitioner/7`); empty when it does not. instance_is_uuid: as CDS Hooks asks of
    `hookInstance`; nothing here depends on it.
    """

    hook: str
    patient: str
    patient_facing: bool
    prefetch: dict[str, Body | None]
    fhirServer: str | None = None
    fhirAuthorization: FhirAuthorization | UnusableAuthorization | None = None
    user: str = ""
    instance_is_uuid: bool = True


class Envelope(msgspec.Struct, frozen=True):
    """A request as it is written. prefetch is read in the same pass as the rest, fhirAuthorization afterwards."""

    hook: str | None = None
    hookInstance: str | None = None
    context: Context | None = None
    fhirServer: str | None = None
    fhirAuthorization: msgspec.Raw = ABSENT
    prefetch: dict[str, AnyBody | None] | None = None


class _RawEnvelope(msgspec.Struct, frozen=True):
    """The same with each prefetch value left as it is, for when one of them does not fit."""

    hook: str | None = None
    hookInstance: str | None = None
    context: Context | None = None
    fhirServer: str | None = None
    fhirAuthorization: msgspec.Raw = ABSENT
    prefetch: dict[str, msgspec.Raw] | None = None


_envelope = msgspec.json.Decoder(Envelope)
_raw_envelope = msgspec.json.Decoder(_RawEnvelope)


def read_request(raw: bytes, *, hook: str) -> HookRequest:
    """Return the request of one service's hook.

    Raises ProtocolError 400: not JSON, a member missing or of the wrong kind, another hook, a patient id that is none,
    a Patient who is not the patient of the context.
    """
    envelope = decode_envelope(raw)
    authorization = _authorization(envelope.fhirAuthorization)
    _check_members(envelope, hook)
    if authorization is not None and not envelope.fhirServer:
        raise ProtocolError(400, "required", "fhirServer is missing beside fhirAuthorization.", "fhirServer")
    context = envelope.context or Context()
    patient = _patient_id(context)
    prefetch: dict[str, Body | None] = envelope.prefetch or {}
    _check_patient(prefetch.get(PATIENT_KEY), patient)
    return HookRequest(
        hook=hook,
        patient=patient,
        patient_facing=_user_type(context) in PATIENT_FACING,
        prefetch=prefetch,
        fhirServer=envelope.fhirServer,
        fhirAuthorization=authorization,
        user=context.userId or "",
        instance_is_uuid=_UUID.fullmatch(envelope.hookInstance or "") is not None,
    )


def _authorization(sent: msgspec.Raw) -> FhirAuthorization | UnusableAuthorization | None:
    """Return how to fetch; a number may stand in a text. A complete prefetch is answered whatever is sent here."""
    try:
        return msgspec.json.decode(sent, type=FhirAuthorization | None, strict=False)
    except (msgspec.MsgspecError, RecursionError):
        return UnusableAuthorization()


def decode_envelope(raw: bytes) -> Envelope:
    """Return the members of a request, unchecked but for their kinds. Raises ProtocolError 400."""
    try:
        if not raw.isascii():
            raw.decode()  # a member that is skipped is not looked at: the whole body is, once
        return _decode_whole(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(400, "structure", f"The body is not JSON: {_why(error)}.") from error


def _decode_whole(raw: bytes) -> Envelope:
    try:
        envelope = _envelope.decode(raw)
    except msgspec.ValidationError:  # what follows may still be no JSON: that error is the caller's
        return _decode_apart(raw)
    for body in (envelope.prefetch or {}).values():
        limit_nesting(body)
    return envelope


def _decode_apart(raw: bytes) -> Envelope:
    """Read each prefetch value on its own, so that one that does not fit loses only itself."""
    try:
        envelope = _raw_envelope.decode(raw)
    except msgspec.ValidationError as error:
        raise ProtocolError(400, "structure", *_misfit(error)) from error
    bodies = {key: _decode_value(value) for key, value in (envelope.prefetch or {}).items()}
    return Envelope(
        hook=envelope.hook,
        hookInstance=envelope.hookInstance,
        context=envelope.context,
        fhirServer=envelope.fhirServer,
        fhirAuthorization=envelope.fhirAuthorization,
        prefetch=bodies,
    )


def _decode_value(raw: msgspec.Raw) -> Body | None:
    if bytes(raw) == b"null":
        return None
    try:
        return decode(raw)
    except RecordError as error:
        return Unreadable("", None, error.what)


def _why(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return "it is nested too deeply" if isinstance(error, RecursionError) else "it is malformed"


def _misfit(error: msgspec.ValidationError) -> tuple[str, str | None]:
    """What is wrong and where, without any value of the request."""
    what, path = misfit(error)
    return f"{what}.", path.removeprefix(".") or None


def _check_members(envelope: Envelope, hook: str) -> None:
    for name in ("hook", "hookInstance", "context"):
        if not getattr(envelope, name):
            raise ProtocolError(400, "required", f"{name} is missing.", name)
    if envelope.hook != hook:
        raise ProtocolError(400, "value", f"This service answers the hook {hook} only.", "hook")


def _patient_id(context: Context) -> str:
    """Return the bare id; some clients write `Patient/123`. Anything else never comes near a URL."""
    if not context.patientId:
        raise ProtocolError(400, "required", "context.patientId is missing.", "context.patientId")
    bare = context.patientId.removeprefix("Patient/")
    if ID.fullmatch(bare) is None or bare in DOTS:
        raise ProtocolError(400, "value", "context.patientId is not the id of a FHIR resource.", "context.patientId")
    return bare


def _user_type(context: Context) -> str | None:
    if not context.userId:
        return None
    found = _USER.fullmatch(context.userId)
    if found is None:
        what = "context.userId is not Practitioner/, PractitionerRole/, Patient/ or RelatedPerson/ with an id."
        raise ProtocolError(400, "value", what, "context.userId")
    return found[1]


def _check_patient(body: Body | None, patient: str) -> None:
    ids = patient_ids(body)
    if ids and patient not in ids:
        what = "The Patient that was sent is not the patient of the context."
        raise ProtocolError(400, "value", what, f"prefetch.{PATIENT_KEY}")


# The response


class Topic(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a card is about: the same code for the same trial and service, so that an override sticks."""

    code: str
    system: str
    display: str | None = None


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the guidance comes from."""

    label: str
    url: str | None = None
    topic: Topic | None = None


class Link(msgspec.Struct, frozen=True):
    """A link to read further."""

    label: str
    url: str
    type: Literal["absolute"] = "absolute"


class OverrideReason(msgspec.Struct, frozen=True):
    """A reason for which a clinician may set a card aside."""

    code: str
    system: str
    display: str


class TrialExtension(msgspec.Struct, frozen=True, omit_defaults=True):
    """A trial's verdict in full, for programs."""

    trial: str
    status: str
    evaluated_on: str
    criteria: tuple[FindingReport, ...]


class TrialStatus(msgspec.Struct, frozen=True):
    """A trial that a roll-up card names."""

    trial: str
    status: str


class RollUpExtension(msgspec.Struct, frozen=True):
    """The trials that a roll-up card names."""

    evaluated_on: str
    trials: tuple[TrialStatus, ...]


class Card(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A card. detail: GitHub-flavoured Markdown without HTML. extension: under a reverse domain name of ours."""

    uuid: str
    summary: str
    indicator: Literal["info", "warning"]
    source: Source
    detail: str | None = None
    overrideReasons: tuple[OverrideReason, ...] = ()
    links: tuple[Link, ...] = ()
    extension: dict[str, TrialExtension | RollUpExtension] | None = None


class Cards(msgspec.Struct, frozen=True):
    """The answer to a call."""

    cards: list[Card]


class ServiceDescription(msgspec.Struct, frozen=True, kw_only=True):
    """A service as discovery names it."""

    hook: str
    id: str
    title: str
    description: str
    prefetch: dict[str, str]
    usageRequirements: str
    version: str = "2.0.1"


class Discovery(msgspec.Struct, frozen=True):
    """The answer to discovery."""

    services: list[ServiceDescription]


# Errors


class Details(msgspec.Struct, frozen=True):
    """What went wrong, in words."""

    text: str


class Issue(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that went wrong."""

    severity: str
    code: str
    details: Details
    diagnostics: str | None = None
    expression: tuple[str, ...] = ()


class OperationOutcome(msgspec.Struct, frozen=True, tag_field="resourceType", tag=True):
    """Every error answer (FHIR R4)."""

    issue: tuple[Issue, ...]


def operation_outcome(*, code: str, what: str, expression: str | None = None, diagnostics: str | None = None) -> bytes:
    """Return a FHIR OperationOutcome with one error. diagnostics: a reference into the log, never a stack trace."""
    issue = Issue("error", code, Details(what), diagnostics, (expression,) if expression else ())
    return msgspec.json.encode(OperationOutcome((issue,)))


encode = msgspec.json.Encoder().encode


# Feedback

MAX_COMMENT = 10_000
"""Characters of a user's comment: free text that may hold anything, so it is bounded and never logged."""

NO_NUL = r"\A[^\x00]*\Z"
"""What a database can keep as text."""

Bounded = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=NO_NUL)]
Address = Annotated[str, msgspec.Meta(max_length=2000, pattern=NO_NUL)]


class AcceptedSuggestion(msgspec.Struct, frozen=True):
    """The id of a suggestion that was taken."""

    id: Bounded


class ReasonCoding(msgspec.Struct, frozen=True):
    """Why a card was set aside; some clients leave out the display."""

    code: Bounded
    system: Address | None = None
    display: str | None = None


class Override(msgspec.Struct, frozen=True):
    """Why a card was set aside: a coded reason, a comment, or (at Epic) an extension only."""

    reason: ReasonCoding | None = None
    userComment: Annotated[str, msgspec.Meta(max_length=MAX_COMMENT)] | None = None
    extension: dict[str, Any] | None = None


class FeedbackItem(msgspec.Struct, frozen=True):
    """What became of one card. overrideReasons: how Epic spells overrideReason. extension: anything a client adds.

    Epic may send an empty reason and say why beside it: it is enough that something in the item does.
    """

    card: Bounded
    outcome: Literal["accepted", "overridden"]
    outcomeTimestamp: Annotated[dt.datetime, msgspec.Meta(tz=True)]
    acceptedSuggestions: list[AcceptedSuggestion] | None = None
    overrideReason: Override | None = None
    overrideReasons: Override | list[Override] | None = None
    extension: Any = None


class Feedback(msgspec.Struct, frozen=True):
    """A batch; it may hold several cards, and one card more than once."""

    feedback: list[FeedbackItem]


_feedback = msgspec.json.Decoder(Feedback)


def read_feedback(raw: bytes) -> list[FeedbackItem]:
    """Return the items of a batch, all of them or none. Raises ProtocolError 400 naming the item that does not fit."""
    try:
        if not raw.isascii():
            raw.decode()
        items = _feedback.decode(raw).feedback
    except msgspec.ValidationError as error:
        raise ProtocolError(400, "structure", *_misfit(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(400, "structure", f"The body is not JSON: {_why(error)}.") from error
    for index, item in enumerate(items):
        _check_item(item, f"feedback[{index}]")
    return items


def _check_item(item: FeedbackItem, where: str) -> None:
    if not _is_instant(item.outcomeTimestamp):
        raise ProtocolError(400, "value", "This time cannot be told in UTC.", f"{where}.outcomeTimestamp")
    if item.outcome == "accepted" and not item.acceptedSuggestions:
        what = "An accepted card names the suggestions that were taken."
        raise ProtocolError(400, "required", what, f"{where}.acceptedSuggestions")
    said = overrides(item)
    if said and not item.extension and not any(map(_says_why, said)):
        what = "An override reason needs a reason or a userComment."
        raise ProtocolError(400, "required", what, f"{where}.overrideReason")


def _says_why(override: Override) -> bool:
    return bool(override.reason or override.userComment or override.extension)


def _is_instant(time: dt.datetime) -> bool:
    """Whether a time lies within the years 1 to 9999 of UTC as well."""
    try:
        time.astimezone(dt.UTC)
    except OverflowError:
        return False
    return True


def overrides(item: FeedbackItem) -> list[Override]:
    """Return the override reasons of an item under either spelling."""
    plural = item.overrideReasons
    more = plural if isinstance(plural, list) else [plural] if plural else []
    return [*([item.overrideReason] if item.overrideReason else []), *more]
