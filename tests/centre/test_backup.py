"""`centre backup` and `restore`: all of one moment while the books are written, only by the passphrase, whole or not at all."""

from __future__ import annotations

import io
import os
import re
import shutil
import tarfile
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from centre import backup, restored, schema, sealed_file
from centre.cli import centre
from centre.keys import load_keys, share
from centre.opened import OpenCentre
from centre.sealed_file import CHUNK, SealedFileError, SealedReader, SealedWriter
from tests.centre.conftest import Desk

PASSPHRASE = "correct horse 电池"


@pytest.fixture
def phrase(tmp_path: Path) -> Path:
    path = tmp_path / "phrase"
    path.write_text(PASSPHRASE + "\n", encoding="utf-8")
    return path


def run(path: Path, *args: str, code: int = 0, stdin: str | None = None) -> Result:
    result = CliRunner().invoke(centre, ["--dir", str(path), *args], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code == code, (result.exit_code, result.output)
    return result


def files(path: Path) -> dict[str, bytes]:
    """Of a folder, without its books and what only a process leaves."""
    return {
        str(each.relative_to(path)): each.read_bytes()
        for each in sorted(path.rglob("*"))
        if each.is_file() and not each.name.startswith("books.db") and each.suffix != ".lock"
    }


# --- the round trip


def test_a_centre_comes_back_as_it_was(sqlite_desk: Desk, tmp_path: Path, phrase: Path) -> None:
    desk = sqlite_desk
    unit = desk.unit("b12-u2", "yard/y07")
    unit.fact(count=300)
    desk.take(*unit.batches())
    desk.run("notice", "put", "--yes", "--scope", "yard/y07", "--title", "停水", "--text", "x", "--id", "n1")
    to, made = tmp_path / "b", tmp_path / "new"
    assert f"wrote {to}" in desk.run("backup", str(to), "--passphrase-file", str(phrase)).stdout
    assert to.stat().st_mode & 0o777 == 0o600
    assert not list(desk.path.glob(".backup*"))
    said = run(made, "restore", str(to), "--passphrase-file", str(phrase))
    assert "made the centre of site badahu as it was at 20" in said.stdout
    assert "revoke again what was revoked since" in said.stderr
    assert files(made) == files(desk.path)
    assert made.stat().st_mode & 0o777 == 0o700
    assert all(each.stat().st_mode & 0o777 == 0o600 for each in (made / "keys").iterdir())
    for words in (("verify",), ("notice", "list"), ("facts",), ("unit", "list")):
        assert run(made, *words).stdout == desk.run(*words).stdout
    with OpenCentre(made).books.reading() as conn:
        assert restored.awaits_replay(conn)
    assert "there already" in desk.run("backup", str(to), "--passphrase-file", str(phrase), code=2).stderr


def test_nothing_of_it_can_be_read_without_the_passphrase(desk: Desk, tmp_path: Path) -> None:
    desk.unit("b12-u2", "yard/y07")
    to = tmp_path / "b"
    desk.run("backup", str(to), stdin=f"{PASSPHRASE}\n{PASSPHRASE}\n")
    data = to.read_bytes()
    for secret in (b"b12-u2", b"PRIVATE", b"SQLite", b"centre.json", PASSPHRASE.encode()):
        assert secret not in data
    wrong = run(tmp_path / "new", "restore", str(to), code=1, stdin="something else\n")
    assert wrong.stderr.endswith("another passphrase, or damaged\n")
    assert not (tmp_path / "new").exists()
    assert list(tmp_path.glob(".new*")) == []
    run(tmp_path / "new", "restore", str(to), stdin=f"{PASSPHRASE}\n")


def test_the_books_alone_are_plain_and_hold_no_key(sqlite_desk: Desk, tmp_path: Path) -> None:
    desk = sqlite_desk
    to, made = tmp_path / "b", tmp_path / "new"
    assert "not encrypted" in desk.run("backup", str(to), "--books-only").stderr
    with tarfile.open(to) as tar:
        assert sorted(tar.getnames()) == ["books.db", "centre.json"]
    said = run(made, "restore", str(to))
    assert "put keys/ and tls/ into the folder" in said.stderr
    shutil.copytree(desk.path / "keys", made / "keys")
    assert run(made, "unit", "add", "b12-u9").stdout == "added b12-u9\n"


def test_what_is_in_the_way_stays(desk: Desk, tmp_path: Path, phrase: Path) -> None:
    to = tmp_path / "b"
    desk.run("backup", str(to), "--passphrase-file", str(phrase))
    before = files(desk.path)
    words = ("restore", str(to), "--passphrase-file", str(phrase))
    assert "is not empty" in desk.run(*words, code=2).stderr
    assert files(desk.path) == before
    (tmp_path / "empty").mkdir()
    run(tmp_path / "empty", *words)
    assert "either FILE or --copied" in desk.run("restore", code=2).stderr
    assert desk.run("restore", "--copied").stdout == "marked as restored: start `serve` again\n"
    nowhere = ("backup", str(tmp_path / "no" / "b"), "--passphrase-file", str(phrase))
    assert "No such file" in desk.run(*nowhere, code=2).stderr


# --- whole or not at all


@pytest.mark.slow
@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_is_sealed_comes_back_and_any_change_is_seen(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_file, "_cipher", cache(sealed_file._cipher))  # scrypt once for each salt
    text, sealed = os.urandom(size), io.BytesIO()
    with SealedWriter(sealed, PASSPHRASE) as writer:
        writer.write(text[: size // 3])
        writer.write(text[size // 3 :])
    data = sealed.getvalue()
    assert opened(data) == text
    step = CHUNK + 16
    head = len(data) - len(data[34:])
    changed = {
        "a byte": data[: head + size // 2] + bytes([data[head + size // 2] ^ 1]) + data[head + size // 2 + 1 :],
        "cut by one": data[:-1],
        "cut at a chunk": data[: head + (size // CHUNK) * step],
        "the salt": data[:20] + bytes([data[20] ^ 1]) + data[21:],
        "more behind": data + data[head : head + step],
        "swapped": data[:head]
        + data[head + step : head + 2 * step]
        + data[head : head + step]
        + data[head + 2 * step :],
    }
    for what, other in changed.items():
        if other == data:
            continue
        with pytest.raises(SealedFileError):
            assert opened(other) is None, what


def opened(data: bytes) -> bytes:
    with SealedReader(io.BytesIO(data), PASSPHRASE) as reader:
        return reader.read()


@pytest.mark.parametrize(
    "entry",
    [
        tarfile.TarInfo("../evil"),
        tarfile.TarInfo("keys/../../evil"),
        tarfile.TarInfo("/etc/evil"),
        tarfile.TarInfo("keys/.."),
        tarfile.TarInfo("other/file"),
    ],
    ids=lambda entry: entry.name,
)
def test_a_file_made_by_another_writes_nothing_elsewhere(tmp_path: Path, entry: tarfile.TarInfo) -> None:
    with tarfile.open(tmp_path / "b", "w:gz") as tar:
        tar.addfile(entry, io.BytesIO(b""))
    before = sorted(tmp_path.rglob("*"))
    assert "nothing that a backup has" in run(tmp_path / "new", "restore", str(tmp_path / "b"), code=1).stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_in_it_is_refused(tmp_path: Path) -> None:
    entry = tarfile.TarInfo("keys/root.pem")
    entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(tmp_path / "b", "w:gz") as tar:
        tar.addfile(entry)
    run(tmp_path / "new", "restore", str(tmp_path / "b"), code=1)
    assert not (tmp_path / "new").exists()


# --- while it is written


@pytest.mark.slow
@pytest.mark.parametrize(("facts", "times"), [(3000, 3), pytest.param(20_000, 5, marks=pytest.mark.soak)])
def test_it_is_of_one_moment_while_facts_are_entered_and_keys_are_made(
    sqlite_desk: Desk, tmp_path: Path, facts: int, times: int
) -> None:
    """The name of a key is committed to the books and written to the file in one transaction: no backup has one without the other."""
    desk = sqlite_desk
    unit = desk.unit("b12-u2", "yard/y07")
    unit.fact(count=facts)
    desk.take(*unit.batches(500))
    other, ended = OpenCentre(desk.path), threading.Event()
    failures: list[BaseException] = []

    def write() -> None:
        try:
            for number in _until(ended):
                with other.books.changing() as conn:
                    share(other.folder, "pins", {f"x{number}": "0" * 64})
                    restored.note_shown(conn, "settings", "yard/y07", f"x{number}", 1, 0.0)
                unit.fact()
                desk.take(unit.batch(len(unit.lines)))
        except BaseException as error:  # noqa: BLE001  # told by the test's own thread
            failures.append(error)

    thread = threading.Thread(target=write, name="writer")
    thread.start()
    try:
        for number in range(times):
            backup.back_up(OpenCentre(desk.path), tmp_path / f"b{number}", PASSPHRASE, 1_790_000_000.0)
    finally:
        ended.set()
        thread.join(20)
    assert failures == []
    counts = []
    for number in range(times):
        made = tmp_path / f"c{number}"
        backup.restore(tmp_path / f"b{number}", made, PASSPHRASE, 1_790_000_000.0)
        centre_made = OpenCentre(made)
        with centre_made.books.reading() as conn:
            names = set(conn.execute(select(schema.shown_revs.c.id)).scalars())
        assert names == load_keys(centre_made.folder).pin_keys.keys() - {"p1"}
        held = re.search(r"holds \((\d+) facts", run(made, "verify").stdout)
        assert held is not None
        assert int(held[1]) >= facts
        counts.append(len(names))
    assert counts == sorted(counts)
    assert counts[-1] > counts[0], "it was written meanwhile"
    other.books.close()


def _until(ended: threading.Event) -> Iterator[int]:
    number = 0
    while not ended.is_set():
        number += 1
        yield number


# --- what the broker still knows


def test_units_that_the_broker_lets_in_no_longer_are_revoked_again(sqlite_desk: Desk, tmp_path: Path) -> None:
    desk = sqlite_desk
    for name in ("stolen", "stays", "never"):
        desk.unit(name, "yard/y07") if name != "never" else desk.run("unit", "add", "never")
    out = tmp_path / "mosquitto"
    desk.run("broker", "--out", str(out))
    backup.back_up(desk.office, tmp_path / "b", PASSPHRASE, desk.now)
    desk.run("unit", "revoke", "stolen")
    made = backup.restore(tmp_path / "b", tmp_path / "new", PASSPHRASE, desk.now, out)
    assert made.revoked == ("stolen",)
    listed = run(tmp_path / "new", "unit", "list").stdout
    assert [line.split()[:2] for line in listed.splitlines()] == [
        ["never", "not"],
        ["stays", "enrolled"],
        ["stolen", "revoked"],
    ]
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    result = run(
        tmp_path / "again",
        "restore",
        str(tmp_path / "b"),
        "--broker-files",
        str(nowhere),
        code=2,
        stdin=f"{PASSPHRASE}\n",
    )
    assert "access" in result.stderr
    assert not (tmp_path / "again").exists()
