"""Every rule of the door has a test, and docs/claims.md names them all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import claims, figures
from tests.claims_list import CLAIMS, FAULTS, NOT_YET, RULES

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.xdist_group("claims")  # all files are parsed once


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_has_a_test(rule: str) -> None:
    found = claims.collect()[rule]
    if rule in NOT_YET:
        assert not found, f"{rule} has tests now: take it out of NOT_YET"
    else:
        assert found, f"no test is marked claim({rule!r})"


def test_no_test_claims_what_is_not_on_the_list() -> None:
    assert set(claims.collect()) == set(CLAIMS)


def test_the_page_lists_the_tests_that_are_there() -> None:
    page = claims.PAGE.read_text(encoding="utf-8")
    now = claims.render(claims.collect(), figures.load())
    assert claims.without_figures(page) == claims.without_figures(now), "docs/claims.md is out of date: make claims"


def test_what_the_security_page_cites_was_tried() -> None:
    """A rule or fault named there as proof has tests, and each of its files is there."""
    page = (claims.ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    cited = re.findall(r"\b[DF]\d+\b", page)
    assert len(cited) > 10
    found = claims.collect()
    assert [name for name in cited if not found.get(name)] == []


def test_figures_belong_to_tests_that_are_there() -> None:
    gone = [test for test in figures.load() if not figures.exists(test)]
    assert not gone, "tests/figures.json is out of date: make claims"


SOURCE = """
import pytest
pytestmark = pytest.mark.claim("D1")
@pytest.mark.claim("D2", "F1")
def test_a(): ...
class TestB:
    @pytest.mark.claim("D3")
    def test_c(self): ...
TestWorld = pytest.mark.claim("D4")(object)
TestWorld.pytestmark = [pytest.mark.slow, pytest.mark.claim("D5")]
@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.claim("D6"))])
def test_d(x): ...
"""


def test_markers_are_found_wherever_they_stand() -> None:
    assert sorted(claims.markers("tests/test_x.py", SOURCE)) == [
        ("D1", "tests/test_x.py"),
        ("D2", "tests/test_x.py::test_a"),
        ("D3", "tests/test_x.py::TestB::test_c"),
        ("D4", "tests/test_x.py::TestWorld"),
        ("D5", "tests/test_x.py::TestWorld"),
        ("D6", "tests/test_x.py::test_d"),
        ("F1", "tests/test_x.py::test_a"),
    ]


def test_a_rule_without_a_test_shows_in_the_page() -> None:
    found = claims.collect() | {"D1": []}
    page = claims.render(found, {})
    assert "| D1 | " in page
    assert "**none**" in page


def test_a_page_with_other_figures_is_the_same_page_and_with_other_tests_is_not() -> None:
    found: dict[str, list[str]] = {name: [] for name in CLAIMS} | {"D1": ["tests/test_x.py::test_a"]}
    page = claims.render(found, {"tests/test_x.py::test_a": "12 ms"})
    assert "12 ms" in page
    assert claims.without_figures(page) == claims.without_figures(claims.render(found, {}))
    other = found | {"D1": ["tests/test_x.py::test_b"]}
    assert claims.without_figures(page) != claims.without_figures(claims.render(other, {}))


def test_fault_numbers_are_whole() -> None:
    assert list(FAULTS) == [f"F{number}" for number in range(1, 58)]


def test_figures_are_kept_over_runs_and_workers(
    tmp_path: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "FIGURES", tmp_path / "figures.json")
    pytester.makepyfile(
        test_one="""
import pytest
@pytest.mark.parametrize("n", [1, 2])
def test_measured(n, record_property):
    record_property("figure", f"{n} ms")
def test_failed(record_property):
    record_property("figure", "wrong")
    assert False
""",
    )
    keeper = figures.Keeper()
    pytester.inline_run("-p", "no:cacheprovider", plugins=[keeper])
    assert figures.load() == {"test_one.py::test_measured": "2 ms"}
