"""The ledger's tables: cards that were given, by which rules, and the feedback on them. No patient stands in them.

A change of a table needs a migration as well (`cds_service/migrations/versions/`); a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, DateTime, ForeignKey, Index, MetaData, Table, Text

METADATA = MetaData()

_INSTANT = DateTime(timezone=True)
"""UTC; SQLite keeps it without its zone."""

RULES = Table(
    "rules",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("trial", Text, nullable=False),
    Column("releases", Text, nullable=False),  # JSON: value set -> version
)

CARDS = Table(
    "cards",
    METADATA,
    Column("uuid", Text, primary_key=True),
    Column("service", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("version", Text, nullable=False),  # of this service
    Column("evaluated_at", _INSTANT, nullable=False),
    Column("evaluated_on", Date, nullable=False),  # the day that counted as today
    Column("patient", Text, nullable=False),  # a keyed hash
    Column("audience", Text),  # of the user together with the patient, where fatigue is on
    Column("says", Text),  # of what the card says, likewise
    Index("cards_by_topic", "service", "topic"),
    Index("cards_by_audience", "audience"),
)

CARD_TRIALS = Table(
    "card_trials",
    METADATA,
    Column("card", Text, ForeignKey("cards.uuid"), primary_key=True),
    Column("trial", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("rules", Text, ForeignKey("rules.digest"), nullable=False),
)

FEEDBACK = Table(
    "feedback",
    METADATA,
    # No foreign key: a card may be unknown, and is then written after its feedback or never.
    Column("card", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("outcome_at", _INSTANT, primary_key=True),
    Column("service", Text, nullable=False),  # to which it was sent
    Column("received_at", _INSTANT, nullable=False),
    Column("reasons", Text, nullable=False),  # JSON: [{"system": ..., "code": ...}]
    Column("commented", Boolean, nullable=False),
    Column("extended", Boolean, nullable=False),
)
