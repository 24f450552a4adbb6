"""The door agent: one process a stairwell."""

__version__ = "0.1.0"
