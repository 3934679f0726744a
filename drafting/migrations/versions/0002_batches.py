"""Keep batches, and the work on each letter of one."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of batches."""
    op.create_table(
        "batches",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_index(op.f("ix_batches_incident"), "batches", ["incident"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Integer(), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("fed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["batch"], ["batches.id"], name=op.f("fk_jobs_batch")),
        sa.ForeignKeyConstraint(["letter_id"], ["letters.id"], name=op.f("fk_jobs_letter_id")),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_jobs")),
    )
    op.create_index("ix_jobs_batch_state", "jobs", ["batch", "state", "attempt", "letter_id"], unique=False)
    op.create_index("ix_jobs_batch_done_at", "jobs", ["batch", "done_at"], unique=False)
    op.create_index("ix_letters_batch_counts", "letters", ["batch", "revision", "errors"], unique=False)
