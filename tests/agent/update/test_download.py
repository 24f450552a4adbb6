"""A bundle over HTTPS from an honest server that breaks off, and from dishonest ones."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.update.download import FetchError
from centre.certificates import make_ca
from tests.agent.update.far_end import Behaviour, FarEnd, far_end
from tests.waiting import eventually

DATA = random.Random(7).randbytes(300_000)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FarEnd]:
    with far_end(tmp_path / "server", Behaviour(DATA)) as made:
        yield made


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    made = tmp_path / "update"
    made.mkdir()
    return made


def reason(server: FarEnd, inbox: Path, data: bytes = DATA, **changes: object) -> str:
    with pytest.raises(FetchError) as caught:
        server.download(server.software(data, **changes), inbox).run()
    return caught.value.reason


def bytes_kept(inbox: Path) -> int:
    return sum(part.stat().st_size for part in inbox.glob("*.part"))


def test_it_is_whole_and_what_was_signed(server: FarEnd, inbox: Path) -> None:
    assert server.download(server.software(DATA), inbox).run() is True
    assert (inbox / "payload").read_bytes() == DATA
    assert server.download(server.software(DATA), inbox).run() is False, "it is here"
    assert len(server.asked) == 1
    assert not list(inbox.glob("*.part"))


@pytest.mark.claim("F56")
def test_it_goes_on_by_range_after_each_of_20_cuts(server: FarEnd, inbox: Path) -> None:
    for number in range(20):
        server.how = Behaviour(DATA, cut=11_000 + number)
        assert reason(server, inbox) == "away"
    kept = bytes_kept(inbox)
    assert kept == sum(11_000 + number for number in range(20))
    server.how = Behaviour(DATA)
    server.download(server.software(DATA), inbox).run()
    assert (inbox / "payload").read_bytes() == DATA
    assert server.asked[-1][1] == f"bytes={kept}-"


def test_a_server_without_range_begins_anew(server: FarEnd, inbox: Path) -> None:
    server.how = Behaviour(DATA, cut=100_000)
    assert reason(server, inbox) == "away"
    server.how = Behaviour(DATA, ranges=False)
    server.download(server.software(DATA), inbox).run()
    assert (inbox / "payload").read_bytes() == DATA


def test_a_part_of_another_bundle_is_no_beginning(server: FarEnd, inbox: Path) -> None:
    (inbox / f"{'0' * 64}.part").write_bytes(b"other")
    (inbox / "payload").write_bytes(b"the one before")
    server.download(server.software(DATA), inbox).run()
    assert (inbox / "payload").read_bytes() == DATA
    assert not list(inbox.glob("*.part"))


@pytest.mark.parametrize("begin", [0, 1000])
def test_wrong_bytes_are_found_and_nothing_of_them_stays(server: FarEnd, inbox: Path, begin: int) -> None:
    if begin:
        server.how = Behaviour(DATA, cut=begin)
        assert reason(server, inbox) == "away"
    server.how = Behaviour(DATA[:-1] + bytes([DATA[-1] ^ 1]))
    assert reason(server, inbox) == "wrong"
    assert not list(inbox.iterdir())


WRONG = {
    "longer, and says so": Behaviour(DATA + b"x"),
    "shorter, and says so": Behaviour(DATA[:-1]),
    "endless": Behaviour(DATA, endless=True),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_length_is_refused_within_the_length_that_was_signed(server: FarEnd, inbox: Path, how: str) -> None:
    server.how = WRONG[how]
    assert reason(server, inbox) == "wrong"
    assert bytes_kept(inbox) <= len(DATA)


def test_a_range_that_is_another_is_refused(server: FarEnd, inbox: Path) -> None:
    server.how = Behaviour(DATA, cut=1000)
    assert reason(server, inbox) == "away"
    server.how = Behaviour(DATA, said_range=f"bytes 0-{len(DATA) - 1}/{len(DATA)}")
    assert reason(server, inbox) == "wrong"
    assert not bytes_kept(inbox)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 404, 500, 503])
def test_nothing_is_fetched_from_elsewhere_and_no_answer_but_yes_is_taken(
    server: FarEnd, inbox: Path, tmp_path: Path, status: int
) -> None:
    with far_end(tmp_path / "other", Behaviour(DATA)) as other:
        server.how = Behaviour(DATA, status=status, headers={"Location": other.software(DATA).url})
        assert reason(server, inbox) == "away"
        assert not other.asked
    assert not list(inbox.iterdir())


def test_a_server_behind_another_ca_is_not_asked(server: FarEnd, inbox: Path, tmp_path: Path) -> None:
    make_ca(tmp_path, "elsewhere")
    with pytest.raises(FetchError, match="certificate") as caught:
        server.download(server.software(DATA), inbox, ca=tmp_path / "ca.pem").run()
    assert caught.value.reason == "away"
    assert not server.asked


def test_nobody_there(server: FarEnd, inbox: Path) -> None:
    assert reason(server, inbox, url="https://127.0.0.1:9/x") == "away"
    assert reason(server, inbox, url="https://[::1:9/x") == "away"


def test_the_last_room_of_the_disk_is_the_journals(server: FarEnd, inbox: Path) -> None:
    with pytest.raises(FetchError) as caught:
        server.download(server.software(DATA), inbox, kept=2**60).run()
    assert caught.value.reason == "no_room"
    assert bytes_kept(inbox) == 0


def test_it_is_broken_off_at_once_while_the_server_dribbles(server: FarEnd, inbox: Path) -> None:
    drip = threading.Event()
    server.how = Behaviour(DATA, drip=drip)
    download = server.download(server.software(DATA), inbox)
    failed: list[FetchError] = []

    def run() -> None:
        try:
            download.run()
        except FetchError as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="fetch", daemon=True)
    thread.start()
    eventually(lambda: bytes_kept(inbox) == 1)
    download.stop()
    thread.join(2)
    drip.set()
    assert not thread.is_alive()
    assert failed
    server.how = Behaviour(DATA)
    server.download(server.software(DATA), inbox).run()
    assert server.asked[-1][1] == "bytes=1-", "what had come is gone on with"


@pytest.mark.parametrize("name", ["payload", "part"])
def test_what_lies_there_under_its_name_neither_hangs_nor_misleads(server: FarEnd, inbox: Path, name: str) -> None:
    software = server.software(DATA)
    secret = inbox.parent / "elsewhere"
    secret.write_bytes(b"precious")
    at = inbox / ("payload" if name == "payload" else f"{software.sha256}.part")
    at.symlink_to(secret)
    server.download(software, inbox).run()
    assert secret.read_bytes() == b"precious"
    assert not at.is_symlink()
    (inbox / "payload").unlink()
    os.mkfifo(at)
    server.download(software, inbox).run()
    assert (inbox / "payload").read_bytes() == DATA


def test_a_url_is_asked_for_as_it_was_signed(server: FarEnd, inbox: Path) -> None:
    base = server.software(DATA).url
    server.download(replace(server.software(DATA), url=f"{base}?a=1"), inbox).run()
    assert server.asked == [("/" + base.split("/", 3)[3] + "?a=1", None)]
