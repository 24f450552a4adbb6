"""The configuration: what a good one becomes, and that every mistake is one line with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import Config, ConfigFaults, load, loads, unit_plan
from agent.config.source import MAX_BYTES
from agent.errors import EXIT_CONFIG
from contract.scopes import Scope

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = (ROOT / "config.example.yaml").read_text(encoding="utf-8")


def changed(*changes: tuple[str, str]) -> str:
    """The example with each text replaced once, on its line."""
    text = EXAMPLE
    for old, new in changes:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    return text


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigFaults) as caught:
        loads(text, Path("config.yaml"))
    assert caught.value.code == EXIT_CONFIG
    lines = list(caught.value.lines)
    assert all(line.isprintable() for line in lines)
    return lines


def fault(*changes: tuple[str, str]) -> str:
    """The only fault of the changed example, without file and line, which must be those of the last change."""
    text = changed(*changes)
    (line,) = faults(text)
    file, number, rest = line.split(":", 2)
    assert file == "config.yaml"
    new = changes[-1][1].lstrip().splitlines()[0]
    assert new in text.splitlines()[int(number) - 1], line
    return rest.strip()


def test_the_example_is_what_it_says() -> None:
    config = load(ROOT / "config.example.yaml")
    assert config.unit.name == "12号楼2单元"
    assert config.devices["relay"].options.model == "waveshare-d"
    assert config.devices["panel"].options.layout.title == 0x1000
    assert config.doors["main"].lock.pulse_s == 5.0
    assert config.doors["main"].fire is not None
    assert config.inputs["gas"].alarm
    assert config.identity == Path("/etc/doorward/identity")
    assert config.link is not None
    assert config.link.drain_facts_s == 5000


def test_the_plan_for_the_core() -> None:
    plan = unit_plan(load(ROOT / "config.example.yaml"), {"zh-CN": {}, "en": {}})
    assert [str(scope) for scope in plan.scopes] == [
        "site/badahu",
        "community/c05",
        "grid/g21",
        "yard/y07",
        "building/b12",
        "unit/b12-u2",
    ]
    assert plan.scopes[0] == Scope("site", "badahu")
    (door,) = plan.doors
    assert (door.id, door.safe_state, door.contact_device, door.fire) == (
        "main",
        "locked",
        "relay",
        True,
    )
    (display,) = plan.displays
    assert (display.columns, display.rows, display.charset) == (20, 8, "gbk")


def test_ten_mistakes_are_ten_lines() -> None:
    text = changed(
        ("id: b12-u2 ", "id: B12 "),
        ("Asia/Shanghai", "Asia/Shanghia"),
        ("mqtts://broker", "mqtt://broker"),
        ("baud: 9600", "baud: 9_600"),
        ("driver: line-reader", "driver: line-raeder"),
        ("      device: relay\n", "      device: rely\n"),
        ("pulse_s: 5 ", "pulse_s: 90 "),
        ("    on_fire: release", "    # on_fire: release"),
        ("egress: true", "egress: no"),
        ("days: 180", "dayz: 180"),
    )
    lines = faults(text)
    assert len(lines) == 10
    keys = [line.split(": ")[1] for line in lines]
    assert keys == [
        "unit.id",
        "unit.timezone",
        "link.broker",
        "ports.io.baud",
        "devices.card.driver",
        "doors.main.on_fire",
        "doors.main.lock.device",
        "doors.main.lock.pulse_s",
        "doors.main.egress",
        "retention.dayz",
    ]
    number = text[: text.index("device: rely")].count("\n") + 1
    assert f'config.yaml:{number}: doors.main.lock.device: no device is called "rely" (did you mean "relay"?)' in lines


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("site: badahu ", "sight: badahu ", None),
        ("yard/y07", "yart/y07", 'unit.scopes[1]: "yart/y07" must begin with community/, grid/, yard/, building/ (did you mean "yard"?)'),
        ("yard/y07", "site/badahu", "unit.scopes[1]: site/… is implied: leave it out"),
        ("yard/y07", "building/b12", "unit.scopes[1]: building/b12 is listed twice"),
        ("yard/y07", "yard/Y 7", 'unit.scopes[1]: "Y 7" is no id: lower-case letters, digits, - and _, at most 48'),
        ("language: zh-CN ", "language: zh-cn ", 'unit.language: "zh-cn" is not zh-CN or en (did you mean "zh-CN"?)'),
        ("mqtts://broker.example.cn:8883", "https://broker.example.cn", "link.broker: must be mqtts://HOST or mqtts://HOST:PORT"),
        ("mqtts://broker.example.cn:8883", "mqtts://u:p@broker.example.cn", "link.broker: must hold no login: that comes with the enrolment"),
        ("protocol: auto", "protocol: 4", 'link.protocol: "4" is not auto or 5 or 3.1.1'),
        ("drain_facts_s: 5000", "drain_facts_s: -1", "link.drain_facts_s: -1 is outside 0 to 1e+06 facts a second"),
        ("/dev/ttyS1", "ttyS1", 'ports.reader.device: "ttyS1" is neither a path like /dev/ttyS1 nor a URL like socket://host:port'),
        ("/dev/ttyS2", "/dev/ttyS1", "ports.screen.device: /dev/ttyS1 is already port reader"),
        ("baud: 9600", "baud: 9601", "ports.io.baud: 9601 is no usual speed (did you mean 9600?)"),
        ("baud: 9600", "baud: 09600", 'ports.io.baud: "09600" is not a whole number'),
        ("port: reader,", "port: raeder,", 'devices.card.port: no port is called "raeder" (did you mean "reader"?)'),
        ("port: reader,", "port: io,", "devices.card.port: line-reader cannot share port io with relay (modbus-relay)"),
        ("poll_ms: 50}", "pol_ms: 50}", 'devices.relay.pol_ms: no such key here (did you mean "poll_ms"?)'),
        ("poll_ms: 50}", "poll_ms: 5}", "devices.relay.poll_ms: must be 10 to 1000, not 5"),
        ("radix: decimal", "pattern: '('", None),
        ("radix: decimal", "pattern: 'a{99999999999}'", "devices.card: holds a value of absurd size"),
        ("model: waveshare-d", "model: waveshare-x", None),
        ("rows: 8", "rows: 0", "devices.panel.rows: must be 1 to 20, not 0"),
        ("notice: 1", "notice: one", 'devices.panel.layout.page.notice: "one" is not a whole number'),
        ("footer: 0x1800", "footer: 0x1001", None),
        ("output: 1 ", "output: 9 ", "doors.main.lock.output: 9 is outside 1 to 8: relay has 8 outputs"),
        ("kind: fail-secure ", "kind: strike ", 'doors.main.lock.kind: "strike" is not fail-secure or fail-safe'),
        ("lease_s: 10 ", "lease_s: 61 ", "doors.main.lock.lease_s: 61 is outside 2 to 60 s"),
        ("{device: relay, input: 2, normally: open}", "{device: card, input: 2, normally: open}", "doors.main.exit_button.device: card has no inputs"),
        ("input: 2, normally: open", "input: 1, normally: open", "doors.main.exit_button.input: input 1 of relay is already doors.main.contact"),
        ("input: 4,", "input: 3,", "inputs.gas.input: input 3 of relay is already fire"),
        ("input: 4,", "input: 0,", "inputs.gas.input: 0 is outside 1 to 8: relay has 8 inputs"),
        ("readers: [card]", "readers: [panel]", "doors.main.readers[0]: panel (dwin) has keys with designed pages alone (layout: {design: …})"),
        ("readers: [card]", "readers: card", "doors.main.readers: must be a list, like [a, b]"),
        ("displays: [panel]", "displays: [relay]", "displays[0]: relay (modbus-relay) draws no pages"),
        ("displays: [panel]", "displays: [panel, panel]", "displays[1]: panel is listed twice"),
        ("journal_mb: 64", "journal_mb: 1", "retention.journal_mb: 1 is outside 4 to 4096 MB"),
        ("unknown_allows: []", "unknown_allows: [cards]", 'clock.unknown_allows[0]: "cards" is not hours or dates'),
        ("exit: button ", "exit: none ", "doors.main.exit: says none, and an exit_button is wired"),
        ("retention: {", "retentoin: {", 'retentoin: no such key here (did you mean "retention"?)'),
        ("held_open_s: 30 ", "held_open_s: 12:30 ", 'doors.main.held_open_s: "12:30" is not a number'),
        ("safe_state: locked ", "safe_state: ~ ", 'doors.main.lock.safe_state: "~" is not locked or unlocked'),
        ("safe_state: locked ", "safe_state:        ", "doors.main.lock.safe_state: has no value: write one, or take the key out"),
        ("  main:\n", "  Main Door:\n", "doors.Main Door: is no name: lower-case letters, digits, - and _, at most 48"),
    ],
)  # fmt: skip
def test_each_mistake_is_named_where_it_is(old: str, new: str, expected: str | None) -> None:
    if expected is None:  # the words are the driver's, or there is a second fault about the same thing
        number = changed((old, new)).split(new)[0].count("\n") + 1
        assert any(line.startswith(f"config.yaml:{number}: ") for line in faults(changed((old, new))))
    else:
        assert fault((old, new)) == expected


@pytest.mark.parametrize("key", ["kind: fail-secure", "energised: unlocks", "safe_state: locked"])
def test_what_a_lock_does_has_no_default(key: str) -> None:
    lines = faults(changed((f"      {key}", f"      # {key}")))
    assert len(lines) == 1
    assert f"doors.main.lock.{key.split(':', maxsplit=1)[0]}: is missing: say " in lines[0]


def test_what_happens_on_fire_has_no_default() -> None:
    (line,) = faults(changed(("    on_fire: release", "    # on_fire: release")))
    assert "doors.main.on_fire: is missing: say release or nothing" in line


def test_releasing_on_fire_needs_a_fire_input_and_a_button_needs_wires() -> None:
    (line,) = faults(changed(("    fire: {", "    # fire: {")))
    assert "doors.main.fire: is missing: on_fire says release" in line
    (line,) = faults(changed(("    exit_button: {", "    # exit_button: {")))
    assert "doors.main.exit_button: is missing: exit says button" in line


def second_door(**keys: str) -> str:
    """The example with a second door on the same hardware."""
    lock = "{device: relay, output: 2, kind: fail-safe, energised: locks, safe_state: unlocked}"
    door = {"lock": lock, "exit": "mechanical", "on_fire": "nothing", **keys}
    block = "\n".join(f"    {key}: {value}" for key, value in door.items())
    return changed(("\ndisplays:", f"\n  cellar:\n{block}\n\ndisplays:"))


def test_two_doors_share_a_fire_contact_and_nothing_else() -> None:
    fire = "{device: relay, input: 3, normally: closed}"
    config = loads(second_door(fire=fire, on_fire="release"), Path("config.yaml"))
    assert len(config.doors) == 2
    (line,) = faults(
        second_door(lock="{device: relay, output: 1, kind: fail-safe, energised: locks, safe_state: locked}")
    )
    assert "doors.cellar.lock.output: output 1 of relay is already doors.main.lock" in line
    (line,) = faults(second_door(readers="[card]"))
    assert "doors.cellar.readers[0]: card already belongs to door main, and a reader belongs to one door only" in line
    (line,) = faults(second_door(contact=fire))
    assert "doors.cellar.contact.input: input 3 of relay is already fire" in line


def test_addresses_are_unique_on_a_line() -> None:
    further = "devices:\n  relay2: {driver: modbus-relay, port: io, address: 1}\n"
    (line,) = faults(changed(("devices:  ", f"{further}  #")))
    assert "devices.relay.address: 1 on port io is already relay2" in line


def test_a_driver_that_does_not_share_has_its_line_alone() -> None:
    further = "devices:\n  card2: {driver: line-reader, port: reader}\n"
    (line,) = faults(changed(("devices:  ", f"{further}  #")))
    assert "devices.card.port: port reader already has card2, and line-reader does not share a line" in line


def test_yaml_keeps_what_was_written() -> None:
    """YAML 1.1 would make false, 83, 750 and 1000 of these."""
    for text in ("no", "0123", "12:30:00", "1_000", "0x10", "1e3", "~", "null", "2026-01-01", "=", "<<"):
        assert loads(changed(("name: 12号楼2单元 ", f"name: {text} ")), Path("config.yaml")).unit.name == text


def test_a_number_is_a_number_however_it_is_quoted_or_based() -> None:
    config = loads(changed(("baud: 9600", "baud: 0x2580"), ("output: 1 ", 'output: "1" ')), Path("config.yaml"))
    assert config.ports["io"].baud == 9600
    assert config.doors["main"].lock.output == 1


def test_plain_broker_only_when_said() -> None:
    text = changed(
        ("mqtts://broker.example.cn:8883", "mqtt://127.0.0.1:1883"), ("  # insecure: true", "  insecure: true")
    )
    assert loads(text, Path("config.yaml")).link is not None


def test_a_client_certificate_comes_with_its_key() -> None:
    (line,) = faults(changed(("  # certificate: unit.pem", "  certificate: unit.pem")))
    assert "link.certificate_key: is missing" in line


def test_a_door_without_the_centre() -> None:
    text = EXAMPLE[: EXAMPLE.index("link:")] + EXAMPLE[EXAMPLE.index("identity:") :]
    config = loads(text, Path("config.yaml"))
    assert config.link is None
    assert unit_plan(config, {}).drain_facts_s == 0


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    file = tmp_path / "unit" / "config.yaml"
    file.parent.mkdir()
    file.write_text(changed(("state: /var/lib/doorward ", "state: state ")), encoding="utf-8")
    assert load(file).state == tmp_path / "unit" / "state"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ": is empty"),
        (b"# nothing\n", ": is empty"),
        (b"unit", ":1: must be keys with values, like `unit:`"),
        (b"- unit\n", ":1: must be keys with values, like `unit:`"),
        (b"unit:\n\tid: x\n", ":2: a tab stands where only spaces may"),
        (b"unit:\n  id: \x07\n", ":2: a control character that has no place in a text file"),
        ("unit:\n  name: 12号楼\n".encode("gbk"), ":2: is not UTF-8 here; it looks like GBK: convert it with `iconv -f GBK -t UTF-8`"),
        (b"unit:\n  id: \xff\n", ":2: is not UTF-8 here"),
        ("unit: 1".encode("utf-16"), ":1: is UTF-16, not UTF-8: save it as UTF-8"),
        (b"unit: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: 1}}}}}}}}}}}}}\n", ":1: nested more than 12 deep"),
        (b"[" * 20_000, ":1: must be keys with values, like `unit:`"),
        (b"a: " + b"[" * 20_000, ":1: nested more than 12 deep"),
        (b"a: 1\n---\nb: 2\n", ":2: a second document (`---`) starts here: one file, one document"),
        (b"#" * (MAX_BYTES + 1), ": is larger than 256 KiB, so it is not a configuration"),
    ],
)  # fmt: skip
def test_a_file_of_which_no_sense_can_be_made_is_one_line(data: bytes, expected: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(data)
    with pytest.raises(ConfigFaults) as caught:
        load(file)
    assert caught.value.lines == (f"{file}{expected}",)


def test_no_file_a_folder_and_a_pipe(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    for name, expected in (
        ("none", "cannot be read: No such file or directory"),
        (".", "is not a file"),
        ("pipe", "is not a file"),
        ("\0", "cannot be read: "),
    ):
        with pytest.raises(ConfigFaults, match=expected):
            load(tmp_path / name)


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + EXAMPLE.replace("\n", "\r\n").encode())
    assert isinstance(load(file), Config)
    file.write_bytes(b"\xef\xbb\xbf" + changed(("output: 1 ", "output: 9 ")).replace("\n", "\r\n").encode())
    with pytest.raises(ConfigFaults) as caught:
        load(file)
    assert f":{EXAMPLE[: EXAMPLE.index('output: 1')].count(chr(10)) + 1}: " in caught.value.lines[0]


def test_keys_twice_anchors_and_tags_are_refused() -> None:
    twice = fault(("\ninputs:  ", "\ndisplays: [panel]\ninputs:  "))
    assert twice.startswith("displays: is there twice; the first is on line ")
    assert (
        fault(("scopes: [building", "scopes: &s [building"))
        == "unit.scopes: `&s` names a value for reuse: write values out"
    )
    assert fault(("name: 12号楼2单元", "name: *s")) == "unit.name: `*s` refers to another place: write the value out"
    assert "has no meaning here" in fault(("name: 12号楼2单元", "name: !!python/name:os.system x"))
    bomb = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*{'a' if n == 0 else f'b{n - 1}'}, *a]\n" for n in range(40))
    assert len(faults(bomb)) < 200


def test_secrets_and_escapes_in_a_message_stay_harmless() -> None:
    further = 'devices:\n  "re\\u202elay": {driver: modbus-relay, port: io, address: 1}\n'
    assert any("re\\u202elay" in line for line in faults(changed(("devices:  ", f"{further}  #")))[1:])
    (line,) = faults(changed(("language: zh-CN ", 'language: "\\e[2J\\n\\u202ezh" ')))
    assert "\\x1b[2J\\n\\u202ezh" in line
    (line,) = faults(changed(("language: zh-CN ", f"language: {'x' * 5000} ")))
    assert len(line) < 200


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  site: badahu", "  site：badahu", "a full-width `：` stands here: write `:` and a space"),
        ("  site: badahu", "  site:\u3000badahu", "a full-width space stands here: write ` `"),
        ("  site: badahu", "\u3000site: badahu", "a full-width space stands here: write ` `"),
        ("unit:", "unit：", "a full-width `：` stands here: write `:` and a space"),
        ("ports: ", "ports：", "a full-width `：` stands here: write `:` and a space"),
    ],
)
def test_signs_of_a_chinese_keyboard_are_named(old: str, new: str, said: str) -> None:
    text = EXAMPLE.replace(f"\n{old}", f"\n{new}", 1)
    assert text != EXAMPLE
    line = next(number for number, words in enumerate(text.split("\n"), 1) if words.startswith(new))
    assert faults(text)[0] == f"config.yaml:{line}: {said}"


def test_a_key_of_an_earlier_version_is_passed_over_and_noted() -> None:
    text = changed(("      pulse_s: 5 ", "      on_bus_loss: safe\n      pulse_s: 5 "))
    line = text[: text.index("on_bus_loss")].count("\n") + 1
    config = loads(text, Path("config.yaml"))
    ((where, why),) = config.notes
    assert where == f"config.yaml:{line}: doors.main.lock.on_bus_loss"
    assert "delete it" in why


def test_no_board_falls_back_by_itself() -> None:
    found = fault(("      pulse_s: 5 ", "      on_master_silence: {after_s: 2}\n      pulse_s: 5 "))
    assert found.startswith("doors.main.lock.on_master_silence: no relay board known here")


OSDP = "card:    {driver: osdp, port: reader, key: card.osdp-key}"
CARD = EXAMPLE[(at := EXAMPLE.index("card:    {")) : EXAMPLE.index("}", at) + 1]


def test_a_lock_and_inputs_on_a_reader_need_no_further_key() -> None:
    moved = (
        (CARD, OSDP),
        ("      device: relay\n      output: 1 ", "      device: card\n      output: 2 "),
        ("exit_button: {device: relay, input: 2", "exit_button: {device: card, input: 1"),
    )
    config = loads(changed(*moved), Path("config.yaml"))
    options = config.devices["card"].options
    assert (options.outputs, options.inputs) == (2, 1)
    said = (CARD, OSDP.replace("}", ", outputs: 1}"))
    (line,) = faults(changed(said, *moved[1:]))
    assert line.endswith("doors.main.lock.output: 2 is outside 1 to 1: card has 1 outputs")


@pytest.mark.parametrize("name", ["nvr1/03", "rtsp://10.0.0.9/ch3", "单元门口", "x" * 64])
def test_a_doors_camera_is_any_name_of_one_line(name: str) -> None:
    config = loads(changed(("    # camera: nvr1/03 ", f"    camera: {name} ")), Path("config.yaml"))
    assert config.doors["main"].camera == name
    assert unit_plan(config, {}).doors[0].camera == name
    assert unit_plan(loads(EXAMPLE, Path("config.yaml")), {}).doors[0].camera is None


@pytest.mark.parametrize("name", ["x" * 65, '" "', '"a\\nb"', '"\\e[2J"'])
def test_a_camera_that_no_line_could_show_is_refused(name: str) -> None:
    said = fault(("    # camera: nvr1/03 ", f"    camera: {name} "))
    assert said == "doors.main.camera: must be one line of 1 to 64 characters"


@pytest.mark.parametrize("name", ["rtsp://admin:geheim@10.0.0.9/ch3", "http://admin@nvr/3"])
def test_a_camera_with_a_login_is_refused_before_facts_carry_it(name: str) -> None:
    said = fault(("    # camera: nvr1/03 ", f"    camera: {name} "))
    assert said == "doors.main.camera: must hold no login: every fact of the door carries it"
