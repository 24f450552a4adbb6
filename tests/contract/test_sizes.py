"""No message of a unit is larger than the contract allows, whatever it is about."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from contract import chain
from contract.chain import Header, build_alarm, build_batch
from contract.messages import MAX_MESSAGE_BYTES
from contract.plain import Reply, ReplyState, build_will
from contract.refusal import Refusal
from contract.replies import build_reply
from contract.revs import build_revs, check_revs, entries, parse_revs
from contract.strict_json import dumps
from tests.contract import signing

SITE = UNIT = "b" * 48
LONGEST = "z" * 48
KEY = signing.private_key(9)
PUBLIC = KEY.public_key().public_bytes_raw()
MAX_LINE = 16 * 1024
"""The longest fact a journal keeps (agent/store/journal.py)."""


@given(st.sampled_from(["\x01", '"', "\\", "字", "\U0001f600", "x"]))
def test_an_alarm_of_the_longest_fact(char: str) -> None:
    made = chain.line(2**53 - 1, 9e10, "x" * 16, 2**53 - 1, 9e10, "device.tamper", {})
    room = (MAX_LINE - len(made) - 20) // len(dumps(char)[1:-1])
    line = chain.line(2**53 - 1, 9e10, "x" * 16, 2**53 - 1, 9e10, "device.tamper", {"detail": char * room})
    assert MAX_LINE - 200 < len(line) <= MAX_LINE
    assert len(build_alarm(KEY, SITE, UNIT, LONGEST, 2**53 - 1, line)) <= MAX_MESSAGE_BYTES


def test_the_largest_batch() -> None:
    header = Header(UNIT, LONGEST, LONGEST, 2**53 - 500, 2**53 - 1, "a" * 64, "b" * 64)
    line = b"x" * (chain.MAX_BATCH_BYTES // chain.MAX_BATCH_FACTS)
    assert len(build_batch(KEY, SITE, header, [line] * chain.MAX_BATCH_FACTS)) <= MAX_MESSAGE_BYTES


def test_the_largest_reply_and_will() -> None:
    reply = Reply(LONGEST, ReplyState.ACCEPTED, 9e9, "bad_signature", LONGEST, "\x01" * 200)
    assert len(build_reply(KEY, SITE, UNIT, reply)) < 2048
    assert len(build_will("f" * 64)) < 200


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 3000), st.integers(0, 600))
def test_the_list_of_revisions_in_signed_pages(applied_revisions: int, refused: int) -> None:
    mine = {("settings", f"community/{LONGEST}", f"{n}" + "n" * 40, 2**53 - 1) for n in range(applied_revisions)}
    left = {("notice", f"community/{LONGEST}", f"{n}" + "r" * 40, n) for n in range(refused)}
    pages = build_revs(KEY, SITE, UNIT, LONGEST, sorted(mine), sorted(left))
    assert all(len(page) <= 60 * 1024 for page in pages)
    read = [parse_revs(page) for page in pages]
    lines: list[str] = []
    for number, page in enumerate(read, 1):
        assert not isinstance(page, Refusal)
        assert (page.page, page.pages) == (number, len(pages))
        assert check_revs(page, SITE, PUBLIC) is None
        assert isinstance(check_revs(page, "other", PUBLIC), Refusal)
        lines += page.lines
    assert entries(lines) == (mine, left)


@given(st.binary(max_size=300))
def test_any_bytes_are_safe_to_read_as_a_page(data: bytes) -> None:
    assert isinstance(parse_revs(data), Refusal)


@given(st.lists(st.text(max_size=30), max_size=5))
def test_any_lines_are_safe_to_read(lines: list[str]) -> None:
    assert entries(lines)
