"""The row that says of which revision the books are."""

from __future__ import annotations

from sqlalchemy import Column, PrimaryKeyConstraint, String, Table

from centre.schema import metadata

alembic_version = Table(
    "alembic_version",
    metadata,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own, exactly as it makes it; one row, the revision of these books."""
