"""Shared by all tests: long runs only on request, tools a machine may lack, the claims' figures, a seed."""

from __future__ import annotations

import os
import shutil
import signal

import hypothesis
import pytest

hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")  # the same cases each time; new ones are looked for on developers' machines

pytest_plugins = ["tests.figures"]


TOOLS = ("mosquitto", "strace", "systemd-analyze", "systemd-sysusers", "systemd-tmpfiles", "udevadm", "fusermount3")
"""Programs of the machine that a test may ask for with `@pytest.mark.needs(…)`."""


def _missing(tool: str) -> bool:
    return shutil.which(tool, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin") is None


def _missing_tools(item: pytest.Item) -> set[str]:
    asked = {tool for mark in item.iter_markers("needs") for tool in mark.args}
    if asked - set(TOOLS):
        raise pytest.UsageError(f"{item.nodeid}: needs a tool that tests/conftest.py does not list")
    return {tool for tool in asked if _missing(tool)}


def pytest_configure(config: pytest.Config) -> None:
    """With DOORWARD_ALL_TOOLS (as in CI) a missing tool is an error; otherwise its tests are left out, and said so."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # Started in the background of a shell: the processes that tests interrupt would inherit that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    missing = [tool for tool in TOOLS if _missing(tool)]
    if missing and os.environ.get("DOORWARD_ALL_TOOLS"):
        raise pytest.UsageError(f"missing on this machine: {', '.join(missing)}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long runs only when `-m` asks for them; nothing that needs a missing tool."""
    soak_asked = "soak" in (config.option.markexpr or "").replace("not soak", "")
    left = [item for item in items if (item.get_closest_marker("soak") and not soak_asked) or _missing_tools(item)]
    if left:
        config.hook.pytest_deselected(items=left)
        gone = set(left)
        items[:] = [item for item in items if item not in gone]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    missing = [tool for tool in TOOLS if _missing(tool)]
    if missing:
        terminalreporter.write_line(f"left out: what needs {', '.join(missing)}")


@pytest.fixture(scope="session")
def seed() -> int:
    """Seed of random tests; printed on failure by the tests that use it. `DOORWARD_SEED` replays one; CI has always the same."""
    given = os.environ.get("DOORWARD_SEED") or ("20261124" if os.environ.get("CI") else "")
    return int(given) if given else int.from_bytes(os.urandom(4), "big")
