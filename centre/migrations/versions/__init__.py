"""The revisions of the books' schema, one module each, in one line: docs/decisions/migrations.md says how to add one."""
