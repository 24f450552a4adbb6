"""The door agent: one process a stairwell."""
