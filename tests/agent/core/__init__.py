"""Tests of the deciding part: pure steps, no waiting."""
