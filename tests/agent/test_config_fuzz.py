"""Thousands of mangled configurations: each is a Config or ConfigFaults, and never anything else (fault list, row 46)."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.config import Config, ConfigFaults, loads
from agent.config.source import SourceError, decode

EXAMPLE = (Path(__file__).resolve().parents[2] / "config.example.yaml").read_text(encoding="utf-8")
PLAIN = "\n".join(
    line for line in (row.split(" #")[0].rstrip() for row in EXAMPLE.splitlines()) if line and not line.startswith("#")
)
PIECES = ("\t", "\r\n", "\ufeff", "&a ", "*a", "!!int ", "? ", "- ", ": ", "{", "}", "[", "]", "|", ">", "'", '"', "~", "null", "yes", "0x", "0777", "1_0", "12:30:00", "<<: ", "---\n", "...\n", "%YAML 1.1\n", "\\", '"\\U00110000"', '"\\ud800"', "号", "\x85", "\u2028", "\0", "9" * 400, "-1", "1e999", ".inf", "a{99999999999}", "(" * 300, "mqtt://[", "../../etc/passwd", "Asia", ":" , "@", "`", "\U0001f6aa")  # fmt: skip


def mangled(rng: random.Random) -> str:
    """The example after a few random accidents: bytes, lines, pieces, indents and values changed."""
    text = PLAIN
    for _ in range(rng.randint(1, 6)):
        lines = text.split("\n")
        at = rng.randrange(len(text) + 1)
        row = rng.randrange(len(lines))
        match rng.randrange(8):
            case 0:
                text = text[:at] + rng.choice(PIECES) + text[at:]
            case 1:
                text = text[:at] + text[at + rng.randint(1, 30) :]
            case 2:
                text = "\n".join([*lines[:row], *lines[row + 1 :]])
            case 3:
                text = "\n".join([*lines[:row], lines[rng.randrange(len(lines))], *lines[row:]])
            case 4:
                text = "\n".join([*lines[:row], " " * rng.randint(0, 6) + lines[row].lstrip(), *lines[row + 1 :]])
            case 5:
                head, colon, _ = lines[row].partition(": ")
                text = "\n".join([*lines[:row], head + (colon or ": ") + rng.choice(PIECES), *lines[row + 1 :]])
            case 6:
                text = text[:at] + chr(rng.randrange(1, 0x3000)) + text[at + 1 :]
            case _:
                text = text[: max(20, at)]
    return text


def outcome(text: str) -> Config | ConfigFaults:
    try:
        return loads(text, Path("config.yaml"))
    except ConfigFaults as error:
        faults = error
    assert faults.faults
    assert all(line.isprintable() and len(line) < 1000 for line in faults.lines)
    return faults


@pytest.mark.claim("F46")
def test_mangled_files(seed: int) -> None:
    rng = random.Random(seed)
    results = [outcome(mangled(rng)) for _ in range(60)]
    assert any(isinstance(result, ConfigFaults) for result in results), f"seed {seed}"


@pytest.mark.slow
@pytest.mark.claim("F46")
def test_a_thousand_mangled_files(seed: int, record_property: Callable[[str, object], None]) -> None:
    rng = random.Random(seed + 1)
    good = sum(isinstance(outcome(mangled(rng)), Config) for _ in range(1000))
    assert good < 1000, f"seed {seed}"
    record_property(
        "figure", f"1,000 mangled files: {good} still good, the rest named line by line, no other exception"
    )


@pytest.mark.soak
@pytest.mark.claim("F46")
def test_a_hundred_thousand_mangled_files(seed: int) -> None:
    rng = random.Random(seed + 2)
    for _ in range(100_000):
        outcome(mangled(rng))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    try:
        text = decode(data)
    except SourceError as error:
        text = error.message
        assert text.isprintable()
    outcome(text)


KEYS = ["unit", "ports", "devices", "doors", "lock", "main", "device", "driver", "scopes", "layout", "page", "port"]
SHAPES = st.recursive(
    st.text(max_size=8) | st.sampled_from(["relay", "modbus-relay", "dwin", "line-reader", "io", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(SHAPES)
def test_any_shape(shape: object) -> None:
    outcome(json.dumps(dict.fromkeys(("unit", "doors", "devices", "ports", "displays", "inputs", "link"), shape)))
