"""The machine a measurement comes from, read from the system."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import subprocess
from importlib.metadata import version
from pathlib import Path

from simulator.broker import mosquitto

LIBRARIES = ("paho-mqtt", "cryptography", "sqlite-utils", "APScheduler", "pyserial", "SQLAlchemy")


def describe(folder: Path) -> dict[str, str]:
    """`folder`: where the measured files are kept."""
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.1f} GB",
        "system": f"{_system()}, Linux {platform.release()} {platform.machine()}{_virtual()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        "broker": _broker(),
        "file system": file_system(folder),
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }


def file_system(folder: Path) -> str:
    """The type of the file system `folder` is on, as the mount table says."""
    best, kind = "", "unknown"
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, place, type_, *_ = line.split()
        inside = folder.resolve().is_relative_to(place)
        if inside and len(place) >= len(best):
            best, kind = place, type_
    return kind


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith(("model name", "Model", "Hardware")):
            return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return "Linux"


def _virtual() -> str:
    if shutil.which("systemd-detect-virt") is None:
        return ""
    kind = subprocess.run(["systemd-detect-virt"], capture_output=True, text=True, check=False).stdout.strip()
    return "" if kind in {"", "none"} else f", virtual ({kind})"


def _broker() -> str:
    binary = mosquitto()
    if binary is None:
        return f"iotcore {version('iotcore')}"
    # `mosquitto -h` says its version and ends with 3.
    said = subprocess.run([binary, "-h"], capture_output=True, text=True, check=False).stdout.splitlines()
    return said[0] if said else "mosquitto"
