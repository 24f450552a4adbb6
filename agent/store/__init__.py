"""The unit's own memory: a precious journal and a cache that can be fetched again. SQLite and sqlite-utils stop at this folder."""

from agent.store.faults import FolderInUseError
from agent.store.writer import Store

__all__ = ["FolderInUseError", "Store"]
