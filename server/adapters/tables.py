"""What is kept, as tables: the archive of the rooms' logs, and what was read out of it for questions in plain SQL.

Decides names, keys and types; never who fills them (`projection`, `report_store`) or how they came to be
(`server.migrations`). Names ending in `_at` are milliseconds since 1970, UTC; names ending in `_ms` are milliseconds
since the room opened. Integers, because SQLite gives dates back without their zone.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TypeDecorator,
)


class Words(TypeDecorator[str]):
    """Free text. The character NUL becomes U+FFFD: Postgres keeps no NUL in a text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value and value.replace("\x00", "\ufffd")


JsonText = JSON(none_as_null=True)
"""JSON, byte for byte as it was written: the engine's serialiser is the identity, so values are `str` both ways."""

_NAMES = {"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s", "fk": "fk_%(table_name)s"}

tables = MetaData(naming_convention=_NAMES)


def _of(parent: str, *columns: str, parents: tuple[str, ...] = ()) -> ForeignKeyConstraint:
    """Rows that go when the row they belong to goes: erasing a room is one delete."""
    return ForeignKeyConstraint(columns, [f"{parent}.{c}" for c in parents or columns], ondelete="CASCADE")


def _record_columns() -> tuple[Column[Any], ...]:
    return (
        Column("room", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("epoch", Text, nullable=False),
        Column("tag", Text, nullable=False),
        Column("before", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("command", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("event", JsonText, nullable=False),
    )


events = Table("events", tables, *_record_columns(), PrimaryKeyConstraint("room", "version"))
"""The archive: every record of every log. All other tables can be made again from it, and so can Redis."""

displaced_events = Table("displaced_events", tables, *_record_columns(), PrimaryKeyConstraint("room", "version", "tag"))
"""Records of a branch that the log has left: after a failover the log forked and went on another way."""

rooms = Table(
    "rooms",
    tables,
    Column("room", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("candidate", Text),
    Column("mode", Text, nullable=False),
    Column("length", Integer, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger, nullable=False),
    Column("notice", Text, nullable=False),
    Column("consented_at", BigInteger),
    Column("transcriber", Words),
    Column("transcriber_caution", Words),
    PrimaryKeyConstraint("room"),
    Index(None, "owner", "closed_at"),
)
"""Closed rooms."""

turns = Table(
    "turns",
    tables,
    Column("room", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("question_id", Text),
    Column("question", Words, nullable=False),
    Column("question_kind", Text, nullable=False),
    Column("follow_up_of", Text),
    Column("competence", Words),
    Column("difficulty", Integer),
    Column("asked_by", Text, nullable=False),
    Column("reason", Text),
    Column("began_ms", BigInteger),
    Column("closed_ms", BigInteger),
    Column("transcript", Words, nullable=False),
    Column("utterances", JsonText, nullable=False),
    Column("overall", Double),
    Column("low", Double),
    Column("high", Double),
    Column("abstained", Words),
    Column("caution", Words),
    Column("scorer", Text),
    Column("weights", Text),
    PrimaryKeyConstraint("room", "turn"),
    _of("rooms", "room"),
    Index(None, "question_id"),
)

marks = Table(
    "marks",
    tables,
    Column("room", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    Column("point", Text, nullable=False),
    Column("criterion", Words, nullable=False),
    Column("level", Text, nullable=False),
    Column("reason", Words, nullable=False),
    PrimaryKeyConstraint("room", "turn", "place"),
    _of("turns", "room", "turn"),
)
"""One row a rubric point of a turn; `place` counts from 1 in the order of the score."""

quotes = Table(
    "quotes",
    tables,
    Column("room", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("mark", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    Column("utterance", Text, nullable=False),
    Column("quote", Words, nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("room", "turn", "mark", "place"),
    _of("marks", "room", "turn", "mark", parents=("room", "turn", "place")),
)
"""The words that a mark rests on: none for an absent point, sometimes several for a present one."""

dimension_scores = Table(
    "dimension_scores",
    tables,
    Column("room", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("dimension", Text, nullable=False),
    Column("score", Double),
    Column("low", Double),
    Column("high", Double),
    Column("abstained", Words),
    PrimaryKeyConstraint("room", "turn", "dimension"),
    _of("turns", "room", "turn"),
)

deliveries = Table(
    "deliveries",
    tables,
    Column("room", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("words", Integer, nullable=False),
    Column("speaking_ms", BigInteger, nullable=False),
    Column("words_per_minute", Double),
    Column("articulation_rate", Double),
    Column("pauses", Integer, nullable=False),
    Column("longest_pause_ms", BigInteger, nullable=False),
    Column("fillers", Integer, nullable=False),
    Column("fillers_per_minute", Double),
    Column("repairs", Integer, nullable=False),
    Column("thinking_ms", BigInteger),
    PrimaryKeyConstraint("room", "turn"),
    _of("turns", "room", "turn"),
)
"""How a turn was spoken. For coaching only: no score is made from it."""

reports = Table(
    "reports",
    tables,
    Column("room", Text, nullable=False),
    Column("overall", Double),
    Column("questions", Integer, nullable=False),
    Column("schema_version", Text, nullable=False),
    Column("report", JsonText, nullable=False),
    Column("written_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("room"),
    _of("rooms", "room"),
)
"""The report as it is shown, whole."""

# --- people's word ----------------------------------------------------------------------------------------------
# Not of the log: a finished room takes nothing more. Kept apart from what is made again out of the archive.

ratings = Table(
    "ratings",
    tables,
    Column("room", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("by", Text, nullable=False),
    Column("scores", JsonText, nullable=False),
    Column("note", Words, nullable=False),
    Column("blind", Boolean, nullable=False),
    Column("own", Boolean, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("room", "turn", "by"),
    _of("rooms", "room"),
)
"""What a person made of an answer, once: a rating is never changed. `blind`: before seeing the machine's marks."""

overrides = Table(
    "overrides",
    tables,
    Column("room", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("dimension", Text, nullable=False),
    Column("before", Double),
    Column("after", Double, nullable=False),
    Column("by", Text, nullable=False),
    Column("name", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("room", "number"),
    _of("rooms", "room"),
)
"""Numbers that a person put in the machine's place, with why. Rows are only ever added; `number` counts from 1."""

activations = Table(
    "weights_activations",
    tables,
    Column("number", Integer, nullable=False, autoincrement=False),
    Column("mode", Text, nullable=False),
    Column("seniority", Text, nullable=False),
    Column("before", Text),
    Column("version", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("name", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("number"),
)
"""Who put which weights into use, for which rooms, and why. Rows are only ever added: the last one of a mode and a
level is in use."""

sights = Table(
    "sights",
    tables,
    Column("room", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("room", "by"),
)
"""Who was shown the machine's marks outside of the room, and when first: whoever was rates it blind no more. A room may
be looked into before it has a row."""

revocations = Table(
    "revocations",
    tables,
    Column("name", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    PrimaryKeyConstraint("name"),
    Index(None, "at"),
    Index(None, "until"),
)
"""Sessions that were ended and invitations that were withdrawn, each as long as a cookie or a link may ever name it."""
