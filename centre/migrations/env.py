"""Run by alembic for each upgrade: the connection comes from `centre.migrations.upgrade`, its transaction has begun."""

from __future__ import annotations

from alembic import context

# Inside a transaction that has begun alembic begins and ends none of its own, at SQLite neither: see Books.rebuilding.
context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
