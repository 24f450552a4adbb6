"""What each protocol's harmless question makes of the bytes that come back, and of those that do not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.display import dwin_inquiry, tjc_inquiry
from drivers.display.design import ROTATIONS, SIZES, VERSION, Form
from drivers.display.designed import DesignedLayout
from drivers.inquiries import HEARINGS, INQUIRIES
from drivers.modbus import codec, inquiry
from drivers.modbus.models import MODELS
from drivers.osdp import inquiry as osdp_inquiry
from drivers.probing import Question, Sighting
from drivers.reader import rdm6300_hearing
from drivers.reader.hearing import hear
from drivers.registry import DRIVERS
from drivers.wire import crc16
from simulator.osdp_reader import Peripheral

READS = {codec.READ_COILS, codec.READ_DISCRETE_INPUTS, codec.READ_HOLDING_REGISTERS}


def framed(text: str) -> bytes:
    body = bytes.fromhex(text)
    return body + crc16(body)


def led(question: Question, *replies: str) -> Sighting:
    """The end of a talk: each reply answers the question the one before led to; - is silence."""
    step: Sighting | Question | None = question
    for reply in replies:
        assert isinstance(step, Question)
        step = step.silence if reply == "-" else step.read(framed(reply))
    assert isinstance(step, Sighting)
    return step


def test_a_waveshare_board_with_modes() -> None:
    seen = led(inquiry.coils(3), "03 01 01 00", "03 03 02 00 C8", f"03 03 10 {'00' * 16}")
    assert (seen.driver, seen.address, seen.options["model"], seen.sure) == ("modbus-relay", 3, "waveshare-io8", True)
    assert "version 2.00" in seen.detail


def test_one_without_modes_and_one_too_old() -> None:
    assert led(inquiry.coils(1), "01 01 01 00", "01 03 02 00 C8", "01 83 02").options["model"] == "waveshare-d"
    old = led(inquiry.coils(1), "01 01 01 00", "01 03 02 00 64", "-")
    assert not old.sure
    assert "older than 2.00" in old.note


@pytest.mark.parametrize("reply", ["01 83 02", "-"])
def test_a_board_that_does_not_say_its_make(reply: str) -> None:
    seen = led(inquiry.coils(1), "01 01 01 00", reply)
    assert not seen.sure
    assert seen.options["model"] in MODELS
    assert "correct `model`" in seen.note


def test_an_exception_is_an_answer_and_another_address_is_none() -> None:
    question = inquiry.coils(1)
    assert isinstance(question.read(framed("01 81 02")), Question)
    assert question.read(framed("02 01 01 00")) is None
    assert question.read(question.frame) is None, "the adapter's echo"


def test_modbus_questions_only_read() -> None:
    step: Sighting | Question | None = inquiry.coils(1)
    for reply in ("01 01 01 00", "01 03 02 00 C8"):
        assert isinstance(step, Question)
        assert step.frame[1] in READS
        step = step.read(framed(reply))
    assert isinstance(step, Question)
    assert step.frame[1] in READS


def test_a_dwin_panel_with_and_without_crc() -> None:
    plain, checked = dwin_inquiry.questions(())
    assert plain.frame == bytes.fromhex("5AA504 83000F01")
    answer = bytes.fromhex("5AA506 83000F01 4010")
    further = plain.read(b"\x00" + answer)
    assert isinstance(further, Question)
    assert further.frame == bytes.fromhex("5AA504 835FE010")
    assert further.silence is not None, "one without files of ours is a panel too"
    assert isinstance(further.silence, Sighting)
    assert (further.silence.options, further.silence.detail) == ({}, "DGUS II panel, version 4010")
    assert checked.read(answer) is None
    assert plain.read(plain.frame) is None, "the adapter's echo"
    body = bytes.fromhex("83000F014010")
    further = checked.read(b"\x5a\xa5\x08" + body + crc16(body))
    assert isinstance(further, Question)
    assert isinstance(further.silence, Sighting)
    assert further.silence.options == {"crc": True}


OURS = f"DOORWARD {VERSION} ".encode()


def built(told: bytes) -> Sighting:
    """What is seen of a panel that tells this of its files."""
    further = next(iter(dwin_inquiry.questions(()))).read(bytes.fromhex("5AA506 83000F01 4010"))
    assert isinstance(further, Question)
    assert further.read(further.frame) is None, "the adapter's echo"
    body = bytes.fromhex("835FE010") + told.ljust(32, b"\xff")
    assert further.answer_bytes >= 3 + len(body)
    seen = further.read(b"\x5a\xa5" + bytes((len(body),)) + body)
    assert isinstance(seen, Sighting)
    return seen


@pytest.mark.parametrize("form", [Form(*size, turn, large) for size in SIZES for turn in ROTATIONS for large in (0, 1)])
def test_a_built_dwin_panel_says_what_it_is_built_for(form: Form) -> None:
    form = replace(form, large=bool(form.large))
    seen = built(form.identity.encode())
    layout = seen.options["layout"]
    assert layout == {"design": f"{form.width}x{form.height}", "rotate": form.rotate, "large": form.large}
    assert DesignedLayout(**layout).form == form
    assert f"built for {form.width}x{form.height}" in seen.detail
    assert ("large letters" in seen.detail, f"rotated {form.rotate}" in seen.detail) == (form.large, bool(form.rotate))


@pytest.mark.parametrize(
    "told",
    [
        b"",
        bytes(32),
        b"DOORWARD 0 800x480 0 normal",
        OURS + b"800x481 0 normal",
        OURS + b"800x480 45 normal",
        OURS + b"800x480 \xb2 normal",
        OURS + b"800x480 00 normal",
        OURS + b"800x480 0 huge",
        b"\x80" * 32,
    ],
)
def test_of_other_files_only_the_panel_is_seen(told: bytes) -> None:
    seen = built(told)
    assert seen.options == {}
    assert seen.detail == "DGUS II panel, version 4010"


@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("NX8048P070_011C", "800x480"),
        ("TJC4827T143_011R", "480x272"),
        ("TJC1060X570_011C", "1024x600"),
        ("NX4832T035", ""),
        ("", ""),
    ],
)
def test_a_tjc_panels_model_tells_its_size(model: str, size: str) -> None:
    assert tjc_inquiry.size_of(model) == size


@pytest.mark.parametrize(
    ("line", "options", "sure"),
    [
        (b"0012345678\r\n", {"radix": "decimal"}, True),
        (b"\x020012345678\x03", {"radix": "decimal", "end": "etx"}, True),
        (b"0012345678", {"radix": "decimal", "end": "none"}, True),
        (b"188,24910\r", {"radix": "facility"}, True),
        (b"00BC614E\r\n", {"radix": "hex"}, False),
        (b"11011110001100001010011100\t", {"radix": "wiegand", "end": "tab"}, True),
        (b"12345678\n", {"radix": "decimal"}, False),
    ],
)
def test_a_reader_is_known_by_its_line(line: bytes, options: dict[str, str], sure: bool) -> None:
    seen = hear(line + line) if options.get("end") != "none" else hear(line)
    assert seen is not None
    assert (seen.options, seen.sure) == (options, sure)
    assert DRIVERS["line-reader"].options(**seen.options).check() == []
    assert not any(number in repr(seen) for number in ("12345678", "24910", "BC614E")), "the number stays out of it"


def test_an_osdp_reader_is_asked_who_it_is_and_never_polled() -> None:
    reader = Peripheral(bytes(range(16)), address=2)
    reader.present(12345678)
    question = osdp_inquiry.identity(2)
    further = question.read(reader.answer(question.frame, 0.0))
    assert isinstance(further, Question)
    seen = further.read(reader.answer(further.frame, 0.1))
    assert isinstance(seen, Sighting)
    assert (seen.address, seen.options, seen.sure) == (2, {"address": 2}, True)
    assert "serial" in seen.detail
    assert "Secure Channel; 2 outputs; 2 inputs" in seen.detail
    assert len(reader.events) == 1, "the card is still to be told"
    assert question.read(question.frame) is None, "the adapter's echo"
    assert reader.did is not None


def test_one_that_says_nothing_of_itself() -> None:
    reader = Peripheral(bytes(range(16)))
    reader.refuse = {0x61, 0x62}
    question = osdp_inquiry.identity(0)
    further = question.read(reader.answer(question.frame, 0.0))
    assert isinstance(further, Question)
    seen = further.read(reader.answer(further.frame, 0.1))
    assert isinstance(seen, Sighting)
    assert not seen.sure
    assert seen == further.silence


@pytest.mark.parametrize(
    ("frame", "name"), [("\x0262E3086CED08\x03", "RDM6300"), ("\x0262E3086CED08\r\n\x03", "ID-12")]
)
def test_a_reader_of_tags_is_known_by_its_checksum(frame: str, name: str) -> None:
    seen = next(found for each in HEARINGS if (found := each.hear(2 * frame.encode())) is not None)
    assert (seen.driver, seen.options) == ("rdm6300", {})
    assert name in seen.detail
    assert "62E3086CED" not in repr(seen)
    broken = frame.replace("08\x03", "09\x03").replace("08\r", "09\r").encode()
    assert rdm6300_hearing.hear(broken) is None


def test_a_tjc_panel_says_its_model() -> None:
    (question,) = tjc_inquiry.questions(())
    assert question.frame.endswith(b"connect\xff\xff\xff")
    seen = question.read(
        b"\x1a\xff\xff\xffcomok 1,30601-0,NX4832T035_011R,130,61488,DE6064B7E70C6521,4194304\xff\xff\xff"
    )
    assert isinstance(seen, Sighting)
    assert "NX4832T035_011R" in seen.detail
    assert question.read(question.frame) is None


def test_a_board_at_the_address_only_one_make_has() -> None:
    assert 255 in inquiry.ADDRESSES
    assert led(inquiry.coils(255), "FF 01 01 00", "FF 83 02").options["model"] == "lctech"
    assert led(inquiry.coils(2), "02 01 01 00", "02 83 02").options["model"] == "generic"


def test_what_is_no_line_is_not_heard() -> None:
    assert hear(b"") is None
    assert hear(b"\xff\x80\x1200") is None
    assert hear(b"hello\r\n") is None
    assert hear(bytes.fromhex("02 36 32 45 33 30 38 36 43 45 44 30 38 03")) is None, "with a checksum: another driver's"


def test_every_row_names_a_driver() -> None:
    assert {row.driver for row in (*INQUIRIES, *HEARINGS)} <= set(DRIVERS)


@given(st.binary(max_size=300))
def test_any_bytes_are_safe(received: bytes) -> None:
    for row in INQUIRIES:
        for question in row.questions((row.addresses or (0,))[:1]):
            question.read(received)
    for hearing in HEARINGS:
        hearing.hear(received)
