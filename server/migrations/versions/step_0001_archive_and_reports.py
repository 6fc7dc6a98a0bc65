"""Keep the archive of rooms and their reports."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "displaced_events",
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("event", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("room", "version", "tag", name="pk_displaced_events"),
    )
    op.create_table(
        "events",
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("event", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("room", "version", name="pk_events"),
    )
    op.create_table(
        "rooms",
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("candidate", sa.Text()),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("consented_at", sa.BigInteger()),
        sa.Column("transcriber", sa.Text()),
        sa.Column("transcriber_caution", sa.Text()),
        sa.PrimaryKeyConstraint("room", name="pk_rooms"),
    )
    op.create_index("ix_rooms_owner_closed_at", "rooms", ["owner", "closed_at"])
    op.create_table(
        "reports",
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("overall", sa.Double()),
        sa.Column("questions", sa.Integer(), nullable=False),
        sa.Column("schema_version", sa.Text(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["room"], ["rooms.room"], name="fk_reports", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("room", name="pk_reports"),
    )
    op.create_table(
        "turns",
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Text()),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("question_kind", sa.Text(), nullable=False),
        sa.Column("follow_up_of", sa.Text()),
        sa.Column("competence", sa.Text()),
        sa.Column("difficulty", sa.Integer()),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("began_ms", sa.BigInteger()),
        sa.Column("closed_ms", sa.BigInteger()),
        sa.Column("transcript", sa.Text(), nullable=False),
        sa.Column("utterances", sa.JSON(), nullable=False),
        sa.Column("overall", sa.Double()),
        sa.Column("low", sa.Double()),
        sa.Column("high", sa.Double()),
        sa.Column("abstained", sa.Text()),
        sa.Column("caution", sa.Text()),
        sa.Column("scorer", sa.Text()),
        sa.Column("weights", sa.Text()),
        sa.ForeignKeyConstraint(["room"], ["rooms.room"], name="fk_turns", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("room", "turn", name="pk_turns"),
    )
    op.create_index("ix_turns_question_id", "turns", ["question_id"])
    op.create_table(
        "deliveries",
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("speaking_ms", sa.BigInteger(), nullable=False),
        sa.Column("words_per_minute", sa.Double()),
        sa.Column("articulation_rate", sa.Double()),
        sa.Column("pauses", sa.Integer(), nullable=False),
        sa.Column("longest_pause_ms", sa.BigInteger(), nullable=False),
        sa.Column("fillers", sa.Integer(), nullable=False),
        sa.Column("fillers_per_minute", sa.Double()),
        sa.Column("repairs", sa.Integer(), nullable=False),
        sa.Column("thinking_ms", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["room", "turn"], ["turns.room", "turns.turn"], name="fk_deliveries", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room", "turn", name="pk_deliveries"),
    )
    op.create_table(
        "dimension_scores",
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("score", sa.Double()),
        sa.Column("low", sa.Double()),
        sa.Column("high", sa.Double()),
        sa.Column("abstained", sa.Text()),
        sa.ForeignKeyConstraint(
            ["room", "turn"], ["turns.room", "turns.turn"], name="fk_dimension_scores", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room", "turn", "dimension", name="pk_dimension_scores"),
    )
    op.create_table(
        "marks",
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("point", sa.Text(), nullable=False),
        sa.Column("criterion", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["room", "turn"], ["turns.room", "turns.turn"], name="fk_marks", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("room", "turn", "place", name="pk_marks"),
    )
    op.create_table(
        "quotes",
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("mark", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("utterance", sa.Text(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["room", "turn", "mark"], ["marks.room", "marks.turn", "marks.place"], name="fk_quotes", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room", "turn", "mark", "place", name="pk_quotes"),
    )


def downgrade() -> None:
    op.drop_table("quotes")
    op.drop_table("marks")
    op.drop_table("dimension_scores")
    op.drop_table("deliveries")
    op.drop_table("turns")
    op.drop_table("reports")
    op.drop_table("rooms")
    op.drop_table("events")
    op.drop_table("displaced_events")
