"""The order of versions is Debian's, by Debian's own program."""

from __future__ import annotations

import subprocess
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.software import is_newer, order

ASCENDING = [
    "0.9",
    "0.11.0~rc1",
    "0.11.0",
    "0.11.0-1",
    "0.11.0-1+b1",
    "0.11.0a",
    "0.11.0+git1",
    "0.11.0.1",
    "0.12~",
    "0.12",
    "1.0",
    "1:0.1",
]


def test_ascending() -> None:
    assert all(is_newer(newer, older) for older, newer in pairwise(ASCENDING))
    assert not is_newer("1.0", "1.0-0"), "no revision is revision 0"
    assert not is_newer("1.02", "1.2")
    assert is_newer("1.10", "1.9")


VERSIONS = st.from_regex(r"([0-3]:)?[0-9][A-Ca-c0-9.+~-]{0,6}", fullmatch=True).filter(lambda text: text[-1] != "-")


@pytest.mark.needs("dpkg")
@settings(max_examples=60, deadline=None)
@given(VERSIONS, VERSIONS)
def test_as_dpkg_says(one: str, other: str) -> None:
    for sign, ours in (("lt", order(one) < order(other)), ("eq", order(one) == order(other))):
        said = subprocess.run(["dpkg", "--compare-versions", one, sign, other], check=False, capture_output=True)
        assert (said.returncode == 0) == ours, (one, sign, other)
