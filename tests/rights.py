"""Rights that a test needs and a developer's machine may not give. In CI every one is there: nothing is left out."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def no_right_to(what: str) -> NoReturn:
    """Leaves the test out and says so; with DOORWARD_ALL_TOOLS (as in CI) it fails."""
    if os.environ.get("DOORWARD_ALL_TOOLS"):
        pytest.fail(f"no right to {what} here")
    pytest.skip(f"no right to {what} here")
