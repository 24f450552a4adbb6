"""The tree keeps the rules of the house; and each rule sees a violation planted for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from tests import architecture
from tests.architecture import PACKAGES, ROOT, Module

pytestmark = pytest.mark.xdist_group("architecture")  # all files are parsed once

TEXT_SUFFIXES = {
    ".py",
    ".md",
    ".toml",
    ".yaml",
    ".service",
    ".rules",
    ".conf",
    ".svg",
    ".json",
    ".txt",
    ".html",
    ".css",
    ".js",
}
TEXT_FOLDERS = (*PACKAGES, "tests", "benchmarks", "docs", "systemd", "packaging", ".ci")


def modules(*folders: str) -> list[Module]:
    return [
        Module(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]


PRODUCT = modules(*PACKAGES)
ALL = PRODUCT + modules("tests", "benchmarks")


def texts() -> Iterable[tuple[str, str]]:
    top = [
        path for path in ROOT.iterdir() if path.is_file() and (path.suffix in TEXT_SUFFIXES or path.name == "Makefile")
    ]
    deep = [
        path for folder in TEXT_FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.suffix in TEXT_SUFFIXES
    ]
    scripts = [path for path in (ROOT / ".ci").iterdir() if path.is_file()]
    for path in (*top, *deep, *scripts):
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def none_of(faults: Iterable[str]) -> None:
    found = list(faults)
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_is_there(package: str) -> None:
    assert any(module.package == package for module in PRODUCT)


def test_who_may_import_what() -> None:
    none_of(fault for module in PRODUCT for fault in architecture.import_faults(module))


def test_pure_modules_read_no_clock() -> None:
    none_of(fault for module in PRODUCT for fault in architecture.clock_faults(module))


def test_what_the_centre_does_neither_prints_nor_asks() -> None:
    none_of(fault for module in PRODUCT for fault in architecture.speech_faults(module))


def test_everything_is_caught_only_where_a_thread_begins() -> None:
    none_of(fault for module in PRODUCT for fault in architecture.except_faults(module))


def test_the_list_of_thread_tops_names_functions_that_exist() -> None:
    there = {f"{module.path}:{name}" for module in PRODUCT for name, _ in module.functions}
    assert not architecture.THREAD_TOPS - there


def test_every_thread_has_a_name() -> None:
    none_of(fault for module in PRODUCT for fault in architecture.thread_faults(module))


def test_sizes() -> None:
    none_of(fault for module in ALL for fault in architecture.size_faults(module))


def test_modules_say_what_they_own() -> None:
    none_of(fault for module in PRODUCT for fault in architecture.opening_faults(module))


def test_no_two_classes_of_one_name_in_sight_of_each_other() -> None:
    none_of(architecture.name_faults(PRODUCT))


@pytest.mark.parametrize("first", ["agent/ring.py", "drivers/port.py", "contract/codec.py"])
def test_a_second_class_of_a_name_is_found(first: str) -> None:
    second = Module("agent/loop.py", "class Step: ...")
    assert list(architecture.name_faults([second, Module(first, "class Step: ...")]))
    assert not list(architecture.name_faults([second, Module("centre/link.py", "class Step: ...")]))


def test_no_paths_of_one_machine() -> None:
    none_of(fault for path, text in texts() for fault in architecture.path_faults(path, text))


def test_libraries_are_declared() -> None:
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8").casefold()
    spelled = {
        "serial": "pyserial",
        "yaml": "pyyaml",
        "paho": "paho-mqtt",
        "sqlite_utils": "sqlite-utils",
        "nacl": "pynacl",
        "PIL": "pillow",
        "sse_starlette": "sse-starlette",
        "markupsafe": "jinja2",
        "h11": "uvicorn",
    }
    for name in set().union(*architecture.THIRD_PARTY.values()):
        assert f'"{spelled.get(name, name)}' in declared, name


PLANTED: list[tuple[Callable[[Module], Iterable[str]], str, str]] = [
    (architecture.import_faults, "agent/core/door.py", "import time"),
    (architecture.import_faults, "agent/core/door.py", "from random import random"),
    (architecture.import_faults, "agent/core/door.py", "import logging"),
    (architecture.import_faults, "agent/core/door.py", "from contract import envelope"),
    (architecture.import_faults, "agent/core/door.py", "from contract.chain import line"),
    (architecture.import_faults, "contract/facts/doors.py", "from contract.chain import FactLine"),
    (architecture.import_faults, "contract/codec.py", "import time"),
    (architecture.import_faults, "contract/plain.py", "from zoneinfo import ZoneInfo"),
    (architecture.clock_faults, "contract/bounds.py", "from datetime import datetime\nx = datetime.now()"),
    (architecture.import_faults, "agent/core/door.py", "from ..store import journal"),
    (architecture.import_faults, "agent/core/door.py", "def f():\n    from agent import clock"),
    (architecture.import_faults, "agent/loop.py", "from agent import app"),
    (architecture.import_faults, "agent/loop.py", "from . import app"),
    (architecture.import_faults, "agent/loop.py", "import centre.signing"),
    (architecture.import_faults, "agent/loop.py", "import serial"),
    (architecture.import_faults, "agent/loop.py", "import yaml"),
    (architecture.import_faults, "agent/loop.py", "from apscheduler.triggers import cron"),
    (architecture.import_faults, "agent/link/translate.py", "import paho.mqtt.client"),
    (architecture.import_faults, "agent/loop.py", "import sqlite_utils"),
    (architecture.import_faults, "agent/loop.py", "import joserfc"),
    (architecture.import_faults, "agent/loop.py", "import requests"),
    (architecture.import_faults, "agent/loop.py", "from tests.waiting import eventually"),
    (architecture.import_faults, "contract/chain.py", "from agent.core import events"),
    (architecture.import_faults, "drivers/modbus/session.py", "from drivers.port import Port"),
    (architecture.import_faults, "drivers/modbus/session.py", "import threading"),
    (architecture.import_faults, "drivers/port.py", "from agent import limits"),
    (architecture.import_faults, "drivers/reader/line.py", "import contract.messages"),
    (architecture.import_faults, "centre/books.py", "from agent.store import journal"),
    (architecture.import_faults, "centre/books.py", "from drivers.modbus import codec"),
    (architecture.import_faults, "centre/books.py", "def f():\n    from alembic import command"),
    (architecture.import_faults, "centre/notices.py", "import click"),
    (architecture.import_faults, "centre/notices.py", "def f():\n    from click import echo"),
    (architecture.import_faults, "centre/notices.py", "from centre.cli.context import CliContext"),
    (architecture.speech_faults, "centre/notices.py", "def f():\n    print(1)"),
    (architecture.speech_faults, "centre/notices.py", "x = input()"),
    (architecture.speech_faults, "centre/notices.py", "import sys\nsys.exit(2)"),
    (architecture.speech_faults, "centre/notices.py", "import sys\nx = sys.stdin.read()"),
    (architecture.import_faults, "simulator/board.py", "from drivers import wire"),
    (architecture.import_faults, "simulator/board.py", "from agent.core import door"),
    (architecture.import_faults, "panel/pictures.py", "from agent.core import pages"),
    (architecture.import_faults, "panel/pictures.py", "from drivers.port import Port"),
    (architecture.import_faults, "agent/setup.py", "from panel.dwin import folder"),
    (architecture.import_faults, "centre/notices.py", "import panel.pictures"),
    (architecture.import_faults, "drivers/display/design.py", "from PIL import Image"),
    (architecture.clock_faults, "agent/core/panel.py", "from datetime import datetime\nx = datetime.now()"),
    (architecture.clock_faults, "agent/core/panel.py", "from datetime import date\nx = date.today()"),
    (architecture.clock_faults, "agent/core/panel.py", "from datetime import datetime\nx = datetime.fromtimestamp(1)"),
    (architecture.clock_faults, "drivers/modbus/codec.py", "print(1)"),
    (architecture.except_faults, "agent/loop.py", "try:\n    pass\nexcept Exception:\n    pass"),
    (architecture.except_faults, "agent/loop.py", "try:\n    pass\nexcept (OSError, Exception):\n    pass"),
    (architecture.except_faults, "agent/loop.py", "try:\n    pass\nexcept:\n    pass"),
    (architecture.except_faults, "agent/loop.py", "try:\n    pass\nexcept BaseException:\n    pass"),
    (
        architecture.except_faults,
        "agent/loop.py",
        "for x in y:\n    try:\n        pass\n    except Exception:\n        if x: continue\n        raise",
    ),
    (
        architecture.except_faults,
        "agent/loop.py",
        "try:\n    pass\nexcept Exception as error:\n    raise ValueError from error",
    ),
    (architecture.thread_faults, "drivers/port.py", "import threading\nthreading.Thread(target=print)"),
    (architecture.thread_faults, "drivers/port.py", "import threading\nthreading.Timer(1, print)"),
    (architecture.thread_faults, "drivers/port.py", "ThreadPoolExecutor(1)"),
    (architecture.opening_faults, "agent/loop.py", "import queue"),
]


@pytest.mark.parametrize(("rule", "path", "source"), PLANTED)
def test_a_planted_violation_is_seen(rule: Callable[[Module], Iterable[str]], path: str, source: str) -> None:
    assert list(rule(Module(path, source + "\n")))


ALLOWED: list[tuple[Callable[[Module], Iterable[str]], str, str]] = [
    (
        architecture.import_faults,
        "agent/core/door.py",
        "from contract.messages import Holder\nfrom contract import facts, plain\nfrom agent.core.time import Now",
    ),
    (architecture.import_faults, "agent/core/door.py", "from dataclasses import dataclass\nimport unicodedata"),
    (architecture.import_faults, "agent/devices.py", "from drivers import facts\nfrom agent.core import events"),
    (architecture.import_faults, "drivers/port.py", "import serial\nimport threading"),
    (architecture.import_faults, "agent/store/journal.py", "import sqlite_utils"),
    (architecture.import_faults, "centre/roster_csv.py", "from drivers.reader import card"),
    (architecture.import_faults, "centre/migrations/env.py", "from alembic import context"),
    (architecture.import_faults, "centre/cli/notice.py", "import click\nfrom centre.cli.context import CliContext"),
    (architecture.speech_faults, "centre/cli/notice.py", "import sys\nx = sys.stdin.read()"),
    (
        architecture.clock_faults,
        "agent/core/panel.py",
        "from datetime import datetime, UTC\nx = datetime.fromtimestamp(1, UTC)",
    ),
    (architecture.except_faults, "agent/loop.py", "try:\n    pass\nexcept OSError:\n    pass"),
    (architecture.except_faults, "agent/loop.py", "try:\n    pass\nexcept BaseException:\n    x.close()\n    raise"),
    (architecture.thread_faults, "drivers/port.py", "Thread(target=print, name='port io')"),
]


@pytest.mark.parametrize(("rule", "path", "source"), ALLOWED)
def test_what_is_allowed_passes(rule: Callable[[Module], Iterable[str]], path: str, source: str) -> None:
    none_of(rule(Module(path, source + "\n")))


def test_a_thread_top_may_catch_everything_and_nothing_else_in_its_file() -> None:
    source = "def run():\n    try: pass\n    except Exception: pass\ndef other():\n    try: pass\n    except Exception: pass\n"
    faults = list(architecture.except_faults(Module("agent/loop.py", source), frozenset({"agent/loop.py:run"})))
    assert [fault.split(":")[1] for fault in faults] == ["6"]


def test_long_modules_and_functions_are_seen_and_so_are_stale_reasons() -> None:
    long_module = Module("agent/a.py", "x = 1\n" * 401)
    long_function = Module("agent/a.py", "def f():\n" + "    x = 1\n" * 50)
    short = Module("agent/a.py", "def f():\n    x = 1\n")
    assert list(architecture.size_faults(long_module))
    assert list(architecture.size_faults(long_function))
    assert not list(architecture.size_faults(short))


@pytest.mark.parametrize("line", ["x = '/" + "home/me/door'", "see `/" + "opt/x/y`", "run /" + "tmp/a"])
def test_a_path_of_one_machine_is_seen(line: str) -> None:
    assert list(architecture.path_faults("a.md", line))


@pytest.mark.parametrize("line", ["/dev/ttyS1", "state: /var/lib/doorward", "down/unit/b12", "https://example.cn/a/b"])
def test_a_path_of_every_machine_passes(line: str) -> None:
    assert not list(architecture.path_faults("a.md", line))
