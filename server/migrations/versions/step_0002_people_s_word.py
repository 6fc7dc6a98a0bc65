"""Keep what people say of answers: ratings, overrides, and who saw the machine's marks."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ratings",
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["room"], ["rooms.room"], name="fk_ratings", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("room", "turn", "by", name="pk_ratings"),
    )
    op.create_table(
        "overrides",
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("before", sa.Double()),
        sa.Column("after", sa.Double(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["room"], ["rooms.room"], name="fk_overrides", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("room", "number", name="pk_overrides"),
    )
    op.create_table(
        "sights",
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("room", "by", name="pk_sights"),
    )


def downgrade() -> None:
    op.drop_table("sights")
    op.drop_table("overrides")
    op.drop_table("ratings")
