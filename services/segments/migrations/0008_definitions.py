"""Definitions by segment and version; the files that were applied; rules that are unreadable."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    definition_set = op.create_table(
        "definition_set",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
    )
    op.create_table(
        "definition_files",
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False, unique=True),
        sa.Column("is_shipped", sa.Boolean, nullable=False),
        sa.Column("applied_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "unreadable_definitions",
        sa.Column("segment", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("noted_at", sa.BigInteger, nullable=False),
    )
    before = op.get_bind().execute(sa.text("SELECT * FROM definitions")).mappings().all()
    op.drop_table("definitions")
    definitions = op.create_table(
        "definitions",
        sa.Column("segment", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("generation", sa.Integer, nullable=False, unique=True),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("is_end", sa.Boolean, nullable=False),
        sa.Column("renamed_from", sa.Text),
        sa.Column("defined_at", sa.BigInteger, nullable=False),
    )
    names = ("segment", "version", "generation", "rule", "description", "origin", "defined_at")
    rows = [{**{name: row[name] for name in names}, "is_end": False} for row in before]
    op.bulk_insert(definitions, rows)
    newest = max((row["generation"] for row in rows), default=0)
    op.bulk_insert(
        definition_set, [{"name": "definitions", "id": "migrated", "generation": newest}]
    )
