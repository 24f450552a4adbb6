"""Measured work, not timed tests: a benchmark says what it found and on which machine; it never judges and never fails for a slow figure."""
