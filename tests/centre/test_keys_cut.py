"""A change of keys cut off at every statement, commit and file: what stands then is sound, and the next attempt ends it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import event, select

from centre import folder as folders
from centre import holders, rotations, schema
from centre import keys as centre_keys
from centre.cli.context import CliContext
from centre.keys import STATE_KEYS, load_keys
from contract.envelope import verify
from contract.messages import Kind
from tests.centre.changing import YARD, advance, current_ring, hashes, roster, secrets_of, shows, tokens, told
from tests.centre.conftest import Desk, Fresh
from tests.centre.unit import SITE, FakeUnit


class _CutError(Exception):
    pass


def _begun(desk: Desk) -> list[FakeUnit]:
    """Cards, PINs and the keys of state are begun, and no step of them is done."""
    a, b = desk.unit("a", YARD), desk.unit("b", YARD)
    shows(desk, a, b)
    roster(desk)
    desk.run("notice", "put", "--yes", "--scope", YARD, "--title", "x", "--text", "y", "--id", "n1")
    with desk.books.changing() as conn:
        rotations.begin_shared(conn, desk.office.keys, "card", desk.now)
    with desk.books.changing() as conn:
        rotations.begin_shared(conn, desk.office.keys, "pin", desk.now)
        holders.new_pins(conn, desk.office.folder, SITE, desk.now)
    with desk.books.changing() as conn:
        rotations.begin_working(conn, desk.office.folder, SITE, STATE_KEYS, desk.now)
    return [a, b]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fresh", "every"),
    [
        ("sqlite", 5),
        pytest.param("sqlite", 1, marks=pytest.mark.soak),
        pytest.param("postgresql", 12, marks=[pytest.mark.soak, pytest.mark.needs("postgres")]),
    ],
    indirect=["fresh"],
)
@pytest.mark.parametrize("second", [False, True], ids=["first step", "last step"])
def test_what_is_cut_off_anywhere_is_done_again(
    desk: Desk, copies: Fresh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: bool, every: int, seed: int
) -> None:
    """Before each statement, each commit and each file (or every so many of them, from one that the seed says): what stands then is
    sound, and the next attempt ends as one that nobody cut.
    """
    boxes = _begun(desk)
    if second:
        advance(desk)
        for box in boxes:
            told(desk, box)
    desk.close()
    cuts, ended = -(seed % every), False
    while not ended:
        cuts += every
        mark = copies.mark()
        copy = Desk(copies.copy(tmp_path / str(cuts), desk.path))
        with monkeypatch.context() as patch:
            ended = not _cut(copy, cuts, patch)
        _sound(copy)
        advance(copy)
        _sound(copy)
        assert set(load_keys(copy.office.folder).card_keys) == ({"c2"} if second else {"c1", "c2"})
        assert hashes(copy)[0] == "c2"
        _ends(copy, boxes)
        copy.close()
        copies.leave(mark)
        shutil.rmtree(tmp_path / str(cuts))
    assert cuts > 20


def _ends(desk: Desk, boxes: list[FakeUnit]) -> None:
    """All three changes, as the units answer; the units themselves stay as they were, for the next cut."""
    before = len(boxes[0].lines)
    for _ in range(2):
        for box in boxes:
            told(desk, box)
        advance(desk)
        _sound(desk)
    assert all(row.done_utc is not None for row in desk.rows(select(schema.rotations)))
    assert {name for box in boxes for name in secrets_of(desk, box).card_keys} == {"c2"}
    assert not list((desk.path / "keys").glob("notice-1.pem"))
    for box in boxes:
        del box.lines[before:], box.h[before + 1 :]


def _cut(desk: Desk, at: int, patch: pytest.MonkeyPatch) -> bool:
    """Whether it was cut: an exception at the `at`-th place."""
    left = at

    def place(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise _CutError

    real = folders.write_secret

    def write(path: Path, data: bytes) -> None:
        place()
        real(path, data)

    for module in (centre_keys, holders):
        patch.setattr(module, "write_secret", write)
    engine = desk.books.engine
    event.listen(engine, "before_cursor_execute", place)
    event.listen(engine, "commit", place)
    try:
        advance(desk)
    except _CutError:
        return True
    finally:
        event.remove(engine, "before_cursor_execute", place)
        event.remove(engine, "commit", place)
    return False


def _sound(desk: Desk) -> None:
    """What is in the books is signed by keys that units have, hashed with keys that the folder has."""
    keys, ring = load_keys(desk.office.folder), current_ring(desk)
    for kind in (Kind.NOTICE, Kind.ROSTER, Kind.SECRETS):
        for token in tokens(desk, kind).values():
            assert isinstance(verify(token, kind, ring), dict)
        assert keys.kid_for(kind) in ring
    assert hashes(desk)[0] in keys.card_keys
    assert CliContext(desk.path).site.site == SITE
