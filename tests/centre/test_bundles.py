"""Bundles of units' software: taken in whole or not at all, listed, packed as one file for a person's hand, removed only when nobody is to have them."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tarfile
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from centre import bundles, rolls
from centre.keys import load_keys
from contract.envelope import key_ring, verify
from contract.messages import Kind, StateMessage
from contract.parse import parse
from contract.refusal import Refusal
from contract.scopes import Scope
from contract.software import Software
from contract.topics import Down
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.rolling import NEW, Rolling, bundle, deb
from tests.centre.unit import SITE

pytestmark = ONE_ENGINE


def files(desk: Desk) -> list[str]:
    return sorted(each.name for each in bundles.place(desk.office.folder).iterdir() if each.name != ".lock")


@pytest.mark.needs("dpkg")
def test_a_package_says_its_own_version(desk: Desk, tmp_path: Path) -> None:
    path = deb(tmp_path / "any-name.deb", "1:2.0~rc1-3")
    said = desk.run("software", "add", str(path), "--by", "li")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"added 1:2.0~rc1-3 deb, {path.stat().st_size} bytes, sha256 {sha256}" in said.stdout
    assert files(desk) == [sha256]
    assert (bundles.place(desk.office.folder) / sha256).read_bytes() == path.read_bytes()
    assert "1:2.0~rc1-3  deb" in desk.run("software", "list").stdout
    assert "the package says 1:2.0~rc1-3" in desk.run("software", "add", str(path), "--version", "2", code=2).stderr
    assert "holds" not in desk.run("verify").stderr


@pytest.mark.needs("dpkg")
@pytest.mark.parametrize("what", ["another package", "cut", "no package", "nothing", "no version", "not a version"])
def test_what_is_no_bundle_is_told_in_a_line_and_leaves_nothing(desk: Desk, tmp_path: Path, what: str) -> None:
    path, more = tmp_path / "x.deb", list[str]()
    match what:
        case "another package":
            deb(path, "1.0", "doorward-centre")
        case "cut":
            whole = deb(tmp_path / "whole.deb", "1.0").read_bytes()
            path.write_bytes(whole[: len(whole) // 2])
        case "no package":
            path.write_bytes(b"MZ" + b"\0" * 100)
        case "nothing":
            path.write_bytes(b"")
        case "no version":
            bundle(path)
        case _:
            bundle(path)
            more = ["--version", "v1 beta"]
    said = desk.run("software", "add", str(path), *more, code=2)
    assert said.stderr.count("\n") == 1, said.stderr
    assert files(desk) == []
    assert desk.run("software", "list").stdout == ""


def test_a_version_is_one_file_for_ever(desk: Desk, tmp_path: Path) -> None:
    one, other = bundle(tmp_path / "a", b"one"), bundle(tmp_path / "b", b"other")
    desk.run("software", "add", str(one), "--version", "1.0")
    desk.run("software", "add", str(one), "--version", "1.0")
    assert (
        "a new file wants a new version" in desk.run("software", "add", str(other), "--version", "1.0", code=2).stderr
    )
    assert "is here already, as 1.0" in desk.run("software", "add", str(one), "--version", "1.1", code=2).stderr
    assert len(files(desk)) == 1


def test_a_full_disk_leaves_nothing_and_says_so(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        said = desk.run("software", "add", str(bundle(tmp_path / "a")), "--version", "1.0", code=2)
    assert "No space left on device" in said.stderr
    assert files(desk) == []
    usage = namedtuple("usage", "free")  # noqa: PYI024  # as shutil's
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(bundles.LEAST_FREE))
    said = desk.run("software", "add", str(tmp_path / "a"), "--version", "1.0", code=1)
    assert "no room" in said.stderr


def test_what_a_cut_off_copy_left_is_cleared(desk: Desk, tmp_path: Path) -> None:
    desk.run("software", "add", str(bundle(tmp_path / "a")), "--version", "1.0")
    (bundles.place(desk.office.folder) / ".new").write_bytes(b"half")
    desk.run("software", "add", str(bundle(tmp_path / "b", b"other")), "--version", "1.1")
    assert len(files(desk)) == 2


def test_a_file_that_is_gone_is_told_and_put_back(desk: Desk, tmp_path: Path) -> None:
    """As after a restore: bundles are in no backup."""
    rolling = Rolling(desk, ["a"], tmp_path)
    shutil.rmtree(bundles.place(desk.office.folder))
    assert "FILE GONE" in desk.run("software", "list").stdout
    said = desk.run("software", "roll", NEW, "--scope", "unit/a", "--why", "x", code=1)
    assert "`software add` it again" in said.stderr
    desk.run("software", "add", str(tmp_path / "new.raucb"), "--version", NEW)
    rolling.begin()


def test_an_older_centre_is_told_to_make_a_key(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = load_keys(desk.office.folder)
    kept = tuple(key for key in keys.working if Kind.SOFTWARE not in key.kinds)
    monkeypatch.setitem(desk.office.__dict__, "keys", keys)
    monkeypatch.setattr(
        "centre.opened.load_keys",
        lambda _: keys.__class__(kept, keys.private, keys.root_public, keys.card_keys, keys.pin_keys, keys.logins),
    )
    said = desk.run("software", "add", str(bundle(tmp_path / "a")), "--version", "1.0", code=78)
    assert "no key here may sign a software: `keys rotate state` makes one, with the root key" in said.stderr


# --- removed


def test_a_bundle_goes_when_nobody_is_to_have_it(desk: Desk, tmp_path: Path) -> None:
    rolling = Rolling(desk, ["a"], tmp_path)
    rolling.begin("all")
    assert "a roll of it is under way" in desk.run("software", "remove", NEW, code=2).stderr
    rolling.looks(3)
    rolling.shows("a", NEW)
    rolling.looks(2)
    assert rolling.roll.state == "done"
    assert "units are to run it" in desk.run("software", "remove", NEW, code=2).stderr
    newer = bundle(tmp_path / "b", b"newer")
    desk.run("software", "add", str(newer), "--version", "2.0")
    rolling.begin("all", version="2.0")
    rolling.looks(3)
    desk.run("software", "remove", NEW)
    assert len(files(desk)) == 1
    assert "no such bundle" in desk.run("software", "remove", NEW, code=2).stderr
    rolling.verified()


# --- packed


def opened(desk: Desk, path: Path, to: Scope) -> tuple[StateMessage | Refusal, bytes]:
    with tarfile.open(path, "r:") as tar:
        names = tar.getnames()
        token, payload = (tar.extractfile(name).read() for name in names)  # type: ignore[union-attr]
    assert names == ["software.jws", "payload"]
    keys = load_keys(desk.office.folder)
    found = verify(token, Kind.SOFTWARE, key_ring(bytes.fromhex(keys.root_public), keys.working))
    assert isinstance(found, dict)
    message: Any = parse(Kind.SOFTWARE, SITE, Down(SITE, to, Kind.SOFTWARE), found)
    return message, payload


def test_one_file_holds_the_signed_word_and_the_bundle(desk: Desk, tmp_path: Path) -> None:
    Rolling(desk, ["a"], tmp_path)
    out = tmp_path / "usb.doorward"
    assert desk.run("software", "pack", NEW, "--out", str(out)).stdout == f"{out}\n"
    message, payload = opened(desk, out, Scope("site", SITE))
    assert isinstance(message, Software)
    assert (message.version, message.size, message.sha256) == (NEW, len(payload), hashlib.sha256(payload).hexdigest())
    assert payload == (tmp_path / "new.raucb").read_bytes()
    assert "is there already" in desk.run("software", "pack", NEW, "--out", str(out), code=2).stderr
    other = tmp_path / "one.doorward"
    desk.run("software", "pack", NEW, "--out", str(other), "--scope", "unit/a")
    assert isinstance(opened(desk, other, Scope("unit", "a"))[0], Software)
    assert not list(tmp_path.glob(".*new"))
    desk.run("verify")


def test_packing_to_a_full_stick_leaves_nothing(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Rolling(desk, ["a"], tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(bundles, "_tar", full)
    out = tmp_path / "usb.doorward"
    assert "No space left" in desk.run("software", "pack", NEW, "--out", str(out), code=2).stderr
    assert not out.exists()
    assert not list(tmp_path.glob(".*new"))


# --- the command line


def test_the_status_says_who_is_missing_and_why(desk: Desk, tmp_path: Path) -> None:
    rolling = Rolling(desk, ["a", "b", "c"], tmp_path)
    assert "nothing was rolled out yet" in desk.run("software", "status").stdout
    desk.run(
        "software",
        "roll",
        NEW,
        "--scope",
        f"site/{SITE}",
        "--waves",
        "2,all",
        "--soak",
        "1h",
        "--why",
        "因为门",
        "--by",
        "li",
    )
    rolling.looks(3)
    first, second = sorted(rolling.handed())
    rolling.fetches(first)
    rolling.tells(second, "refused", reason="form")
    said = desk.run("software", "status").stdout
    assert f"{NEW} rauc to site/{SITE}: running, wave 1 of 2 (2,all)" in said
    assert "by li: 因为门" in said
    assert "wave 1: 2 units: fetched 1, unfit 1; 0 may fail" in said
    assert "wave 2: to come" in said
    assert f"  {second}  unfit  runs 1.0" in said
    assert "why: form" in said
    desk.run("software", "stop", "--why", "later")
    assert '"state": "stopped"' in desk.run("software", "status", "--json").stdout.replace('":"', '": "')
    desk.run("software", "go", "--why", "now")
    rolls.stop(desk.office, "li", "x", desk.now)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--waves", "1,2"], "--waves: not up to 10 waves that end with all"),
        (["--soak", "soon"], "--soak: not as 30m, 2h, 1d"),
        (["--soak", "99d"], "--soak: not up to 30 days"),
        (["--scope", "grid/g9"], "grid/g9: no unit is there"),
        (["--scope", "here"], "a scope is LEVEL/ID"),
        (["--by", " "], "--by: 1 to 100 characters"),
    ],
)
def test_bad_words_are_told_in_a_line(desk: Desk, tmp_path: Path, words: list[str], says: str) -> None:
    Rolling(desk, ["a"], tmp_path)
    said = desk.run("software", "roll", NEW, "--scope", f"site/{SITE}", "--why", "x", *words, code=2)
    assert says in said.stderr
    assert "nothing was rolled out yet" in desk.run("software", "status").stdout


def test_without_tls_nothing_is_rolled_out(desk: Desk, tmp_path: Path) -> None:
    desk.unit("a")
    desk.run("software", "add", str(bundle(tmp_path / "a")), "--version", "1.0")
    said = desk.run("software", "roll", "1.0", "--scope", "unit/a", "--why", "x", code=2)
    assert "reached without TLS" in said.stderr


def test_nobody_else_has_a_bundle_in_the_books_by_hand(desk: Desk, tmp_path: Path) -> None:
    from centre.schema_software import bundles as table

    Rolling(desk, ["a"], tmp_path)
    with desk.books.writing() as conn:
        conn.execute(delete(table))
    assert (
        f"software bundle {NEW} rauc: the journal tells of it, and it is not there" in desk.run("verify", code=1).output
    )
