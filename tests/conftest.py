"""Shared by all tests: long runs only on request, tools a machine may lack, the claims' figures, a seed."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import signal
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

from simulator.postgres import postgres
from tests import longer

# How long an example takes is the machine's affair: what has to be quick has a test of its own.
hypothesis.settings.register_profile("developer", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)  # the same cases each time
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "developer")

pytest_plugins = ["tests.figures"]

os.environ["XDG_CACHE_HOME"] = str(Path(__file__).parent.parent / ".pytest_cache" / "xdg")
"""Files of simulated panels are built once for all tests, and not kept among the developer's own."""


TOOLS = {
    "make": "make",
    "mosquitto": "mosquitto",
    "nats-server": "nats-server",
    "postgres": "postgresql",
    "strace": "strace",
    "systemd-analyze": "systemd",
    "systemd-sysusers": "systemd",
    "systemd-tmpfiles": "systemd",
    "udevadm": "udev",
    "fusermount3": "fuse3",
    "fsck.fat": "dosfstools",
    "mcopy": "mtools",
    "dpkg": "dpkg",
    "curl": "curl",
    "nginx": "nginx",
    "chromium": "chromium",
    "dpkg-buildpackage": "dpkg-dev",
    "dh": "debhelper",
    "dh_python3": "dh-python",
    "lintian": "lintian",
    "mmdebstrap": "mmdebstrap",
    "grub-editenv": "grub-common",
    "python3.13": "python3.13",
}
"""Programs of the machine that a test may ask for with `@pytest.mark.needs(…)`, and the Debian package of each."""


def _missing(tool: str) -> bool:
    if tool == "postgres":  # Debian keeps it out of PATH
        return not postgres()
    return shutil.which(tool, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin") is None


def _missing_tools(item: pytest.Item) -> set[str]:
    asked = {tool for mark in item.iter_markers("needs") for tool in mark.args}
    if asked - TOOLS.keys():
        raise pytest.UsageError(f"{item.nodeid}: needs a tool that tests/conftest.py does not list")
    return {tool for tool in asked if _missing(tool)}


def pytest_configure(config: pytest.Config) -> None:
    """With DOORWARD_ALL_TOOLS (as in CI) a missing tool is an error; otherwise its tests are left out, and said so."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # Started in the background of a shell: the processes that tests interrupt would inherit that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        os.environ.pop(name, None)
    os.environ["LANG"] = "C.UTF-8"  # what commands print is compared; a test of another language says so
    missing = [tool for tool in TOOLS if _missing(tool)]
    if missing and os.environ.get("DOORWARD_ALL_TOOLS"):
        raise pytest.UsageError(f"missing on this machine: {', '.join(missing)}")


def _unasked(config: pytest.Config, item: pytest.Item) -> bool:
    mark = "soak" if item.get_closest_marker("soak") else "twin"  # a long run on the second engine is a long run
    asked = (config.option.markexpr or "").replace(f"not {mark}", "")
    return item.get_closest_marker(mark) is not None and mark not in asked


@pytest.hookimpl(wrapper=True, tryfirst=True)  # ahead of `-m`, and behind pytest's own order
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Long runs, and the second database engine, only when `-m` asks for them; nothing that needs a missing tool. What took long when it was last measured is slow."""
    long = longer.listed()
    for item in items:
        if item.nodeid.partition("[")[0] in long:
            item.add_marker("slow")
    left = [item for item in items if _unasked(config, item) or _missing_tools(item)]
    if left:
        config.hook.pytest_deselected(items=left)
        gone = set(left)
        items[:] = [item for item in items if item not in gone]
    yield
    if hasattr(config, "workerinput"):
        items[:] = _spread(items)


WAITING = (
    "tests/system",
    "tests/agent/cli",
    "tests/agent/link",
    "tests/agent/test_",
    "tests/drivers",
    "tests/simulator",
)
"""Where most tests wait, for lines at line speed, brokers and processes."""


def _spread(items: list[pytest.Item]) -> list[pytest.Item]:
    """For several workers: what one of them has to itself first, and those that wait among those that compute."""
    grouped = [item for item in items if item.get_closest_marker("xdist_group")]
    alone = [item for item in items if not item.get_closest_marker("xdist_group")]
    wait = [item for item in alone if item.nodeid.startswith(WAITING) and item.get_closest_marker("slow")]
    waiting = set(wait)
    compute = [item for item in alone if item not in waiting]
    ends = [len(compute) * number // (len(wait) + 1) for number in range(len(wait) + 2)]
    parts = [compute[start:end] for start, end in itertools.pairwise(ends)]
    return grouped + parts[0] + [each for item, part in zip(wait, parts[1:], strict=True) for each in (item, *part)]


def pytest_collection_finish() -> None:
    """Thousands of tests lie in memory and stay there: looking through them at each turn would take a seventh of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    missing = [tool for tool in TOOLS if _missing(tool)]
    if missing:
        terminalreporter.write_line(f"left out: what needs {', '.join(missing)}")


@pytest.fixture(scope="session")
def seed() -> int:
    """Seed of random tests; printed on failure by the tests that use it. `DOORWARD_SEED` replays one; CI has always the same."""
    given = os.environ.get("DOORWARD_SEED") or ("20261124" if os.environ.get("CI") else "")
    return int(given) if given else int.from_bytes(os.urandom(4), "big")
