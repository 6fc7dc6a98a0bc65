"""Find what may be forgotten of revocations without reading all; keep them as long as a cookie may ever be let last."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

LONGEST_MS = 400 * 24 * 3600 * 1000
"""`server.settings.LONGEST_S` when this step was written."""


def upgrade() -> None:
    op.create_index("ix_revocations_until", "revocations", ["until"])
    op.execute(f"UPDATE revocations SET until = at + {LONGEST_MS} WHERE until < at + {LONGEST_MS}")  # noqa: S608


def downgrade() -> None:
    op.drop_index("ix_revocations_until", "revocations")
