"""Whose word counts: the pinned root's keys, of the newest revision that was seen, the key for software alone, this site and this unit."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.update import handfile
from agent.update.trust import UpdateError, trusted_keys, trusted_software
from contract.messages import Kind
from contract.parse import payload_of
from contract.scopes import Scope
from tests.agent.update.signed import DATA, ENROLLED, SITE, hand_file, keys, signed, software
from tests.contract.signing import sign


def judged(token: bytes, keys_token: bytes = b"", least: int = 0) -> object:
    return trusted_software(token, trusted_keys(ENROLLED, keys_token, least), ENROLLED)


@pytest.mark.parametrize("scope", [Scope("unit", "b12-u2"), Scope("site", SITE), Scope("yard", "y07")])
def test_the_centres_word(scope: Scope) -> None:
    message = software(scope=scope)
    assert judged(signed(message)) == message
    assert judged(signed(message), signed(keys(3)), 3) == message


ATTACKS: dict[str, Callable[[], object]] = {
    "another site's": lambda: judged(signed(software(), site="elsewhere")),
    "another unit's": lambda: judged(signed(software(scope=Scope("unit", "b12-u3")))),
    "signed by the key for notices": lambda: judged(signed(software(), kid="n1")),
    "signed by the root": lambda: judged(signed(software(), kid="root")),
    "a notice's envelope": lambda: judged(sign(Kind.NOTICE, payload_of(software(), SITE))),
    "one bit": lambda: judged(signed(software())[:-2] + b"AA"),
    "withdrawn": lambda: judged(signed(software(withdrawn=True))),
    "not signed at all": lambda: judged(b""),
    "keys by another root": lambda: trusted_keys(replace(ENROLLED, root_key="11" * 32), signed(keys(3))),
    "keys signed by a working key": lambda: trusted_keys(ENROLLED, signed(keys(3), kid="c1")),
    "keys of another site": lambda: trusted_keys(ENROLLED, signed(keys(3), site="elsewhere")),
    "older keys than were seen": lambda: judged(signed(software()), signed(keys(3)), 4),
    "the enrolment's keys after newer ones": lambda: judged(signed(software()), b"", 3),
    "a key that newer keys took away": lambda: judged(signed(software()), signed(keys(4, Kind.SOFTWARE)), 3),
    "a key that newer keys replaced": lambda: judged(signed(software()), signed(keys(4, fresh=9)), 3),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.claim("F56")
def test_an_attack_is_refused_in_one_line(attack: str) -> None:
    with pytest.raises(UpdateError) as caught:
        ATTACKS[attack]()
    assert caught.value.reason == "not_signed"
    assert len(caught.value.lines) == 1


def test_a_file_for_the_hand(tmp_path: Path) -> None:
    path = hand_file(tmp_path / "a.doorward", signed(software()))
    with handfile.opened(path) as hand:
        assert (hand.signed, hand.size, hand.file.read(hand.size)) == (signed(software()), len(DATA), DATA)


def tar(*members: tuple[str, bytes, bytes], kind: int = tarfile.USTAR_FORMAT) -> bytes:
    """Of name, content and type."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=kind) as file:
        for name, content, type_ in members:
            info = tarfile.TarInfo(name)
            info.type = type_
            info.size = len(content) if type_ == tarfile.REGTYPE else 0
            info.linkname = "/etc/shadow" if type_ != tarfile.REGTYPE else ""
            file.addfile(info, io.BytesIO(content))
    return made.getvalue()


GOOD = (("software.jws", b"a.b.c", tarfile.REGTYPE), ("payload", DATA, tarfile.REGTYPE))
HUGE = tarfile.TarInfo("software.jws")
HUGE.size = 2**33
BAD = {
    "empty": b"",
    "no tar": b"hello" * 1000,
    "cut in the first header": tar(*GOOD)[:300],
    "cut in the payload": tar(*GOOD)[:2000],
    "the other order": tar(GOOD[1], GOOD[0]),
    "three members": tar(*GOOD, ("extra", b"x", tarfile.REGTYPE)),
    "one twice": tar(GOOD[0], GOOD[0], GOOD[1]),
    "an absolute name": tar(("/software.jws", b"a", tarfile.REGTYPE), GOOD[1]),
    "a name that climbs": tar(("../software.jws", b"a", tarfile.REGTYPE), GOOD[1]),
    "a symbolic link": tar(("software.jws", b"", tarfile.SYMTYPE), GOOD[1]),
    "a hard link": tar(GOOD[0], ("payload", b"", tarfile.LNKTYPE)),
    "a device": tar(GOOD[0], ("payload", b"", tarfile.CHRTYPE)),
    "a pax header": tar(("software.jws" + "x" * 200, b"a", tarfile.REGTYPE), GOOD[1], kind=tarfile.PAX_FORMAT),
    "a GNU long name": tar(("software.jws" + "x" * 200, b"a", tarfile.REGTYPE), GOOD[1], kind=tarfile.GNU_FORMAT),
    "a huge member": HUGE.tobuf(tarfile.GNU_FORMAT) + bytes(512),
    "an empty payload": tar(GOOD[0], ("payload", b"", tarfile.REGTYPE)),
    "something behind": tar(*GOOD) + b"x",
}


@pytest.mark.parametrize("what", BAD)
def test_a_file_that_is_none_is_refused_in_one_line(tmp_path: Path, what: str) -> None:
    path = tmp_path / "a.doorward"
    path.write_bytes(BAD[what])
    with pytest.raises(UpdateError, match="not a file as") as caught, handfile.opened(path):
        pass
    assert len(caught.value.lines) == 1


def test_a_pipe_or_a_folder_in_its_place_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises((UpdateError, OSError)), handfile.opened(path):
            pass
