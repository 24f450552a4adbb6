"""What drivers say of devices and of their options, and what became of an update, in the language of who reads it. It is worded in English, for facts
and logs: known here by its form.
"""

from __future__ import annotations

import re
from functools import cache

from agent.core.plan import ONE_SIZE
from agent.words import N_, SaidText, _, joined, speaks_chinese

FORMS = (
    # options
    N_("is missing"),
    N_("must be {low} to {high}, not {given}"),
    N_("must be one of {known}, not {given}"),
    N_("must be {known}, not {given}"),
    N_("must be {known} or a component's .val, not {given}"),
    N_("must be 0 to {high} percent, not {given}"),
    N_("must be 0 (never) or {low} to {high}, not {given}"),
    N_("must be 0 (none) or {vp}, not {given}"),
    N_("must be 0 to 0xFFFF less the number of them, not {given}"),
    N_("must be 0xFF00 or 0x0100, not {given}"),
    N_("must be a component's text like t0.txt, not {given}"),
    N_("must be a page's number 0 to 255 or its name, not {given}"),
    N_("must be a picture's number 0 to {high}, not {given}"),
    N_("must name at least one component"),
    N_("no such page; known: {known}"),
    N_("no such key; known: {known}"),
    N_("no such sign; known: {known}"),
    N_("no card form is called {given}; known: {known}"),
    N_("no end is called {given}; known: {known}"),
    N_("no board model is called {given}; known: {known}"),
    N_("no keypad sends {given}; known: {known}"),
    N_("a Modbus address is 1 to {high}, not {given}"),
    N_("an OSDP address is 0 to 126, not {given}"),
    N_("a {model} has {sizes}: leave it out"),
    N_("a {model} has {sizes}, not {given}"),
    N_("is fixed for a {model}: leave it out"),
    N_("a component's id is 0 to 255, not {given}"),
    N_("component {given} is already key {key}"),
    N_("{name} is already the {part}"),
    N_("names {lines} lines, and {page} has {rows} rows"),
    N_("{rows} rows of {columns} are too long for one text: list a line each"),
    N_("{vp} is outside the user's variables {low}-{high}"),
    N_("{vp} lies in {part}, which takes {words} words from {first}"),
    N_("{columns} columns need {words} words a line"),
    N_("has no place beside layout.design, which knows it: delete it"),
    N_("rotated by one of {known}, not {given}"),
    N_("not a regular expression: {fault}"),
    N_("what is sent is one character, or a byte like 0x1B"),
    N_("holds a value of absurd size"),
    N_("must be 1 to 32 characters, as the roster has it"),
    N_("must be the up to 14 digits on the meter, or any"),
    N_("must be 0.0001 to 1000000: 1000 where it counts m³, 10 where it counts 0.01 m³"),
    N_("is for protocol: modbus"),
    N_("{given} is no time of day as 04:00"),
    N_("a register holds 0 to 65535"),
    N_("say alarm or alarm_from, not both"),
    N_("a value is an alarm or a fault, not both"),
    # what is found on a line
    N_("CJ/T 188 water meter, does not say its count"),
    N_("CJ/T 188 water meter, counts by {litres} l"),
    N_("say `room` for a watched household"),
    N_("CJ/T 188, counts by {litres} l"),
    N_("Modbus meter"),
    N_("gas detector"),
    N_("a board that does not say its make"),
    N_("{model} or alike, version {version}, {outputs} outputs, {inputs} inputs"),
    N_("{model}, version {version}, {outputs} outputs, {inputs} inputs"),
    N_("its firmware is older than {version}, which this driver needs"),
    N_("look at the board and correct `model` ({models}), `outputs` and `inputs`"),
    N_("it needs a key of its own: doorward pair makes one and says where `key` must point"),
    N_("an OSDP reader that does not say what it is"),
    N_("OSDP reader, {who}"),
    N_("does not say whether it speaks Secure Channel"),
    N_("NO Secure Channel: this driver does not use it"),
    N_("{count} outputs"),
    N_("{count} inputs"),
    N_("{kind}, 125 kHz cards"),
    N_("sends {what}, then {end}"),
    N_("{count} Wiegand bits"),
    N_("{count} decimal digits"),
    N_("{count} hex digits"),
    N_("{count} digits"),
    N_("a tab"),
    N_("nothing"),
    N_("decimal, hex or hex-reversed: compare `doorward log` with the number printed on a card"),
    N_("compare `doorward log` with the number printed on a card"),
    N_("DGUS II panel, version {version}, frames with CRC"),
    N_("DGUS II panel, version {version}"),
    N_("{detail}, built for {files}"),
    N_("it has no files of doorward panel build yet; with a project of its own: correct columns, rows and layout"),
    N_("with a project of its own: correct columns, rows, charset and layout"),
    N_("TJC or Nextion panel, model {model}, {size}"),
    N_("TJC or Nextion panel, model {model}"),
    N_("{size} with large letters"),
    N_("{size} with normal letters"),
    N_("{size} rotated {degrees} with large letters"),
    N_("{size} rotated {degrees} with normal letters"),
    N_(
        "the panel has no files for layout.design, or does not load their initial values (verify: false): "
        "make them with `doorward panel build` and put them on the panel"
    ),
    N_(
        "the panel's files are of design {there}, this version draws design {here}: "
        "make them with `doorward panel build` and put them on the panel"
    ),
    N_("the panel's files are for {there}, the configuration says {wanted}: build them again or change layout.design"),
    N_("DGUS II, version {version}"),
    N_("listening; a reader that only sends cannot be asked whether it is there"),
    N_("{model}, version not told (exception {code})"),
    N_("control modes not told (exception {code})"),
    N_("control modes normal"),
    N_("WARNING: its inputs can switch output {outputs} without the agent: set the control mode to normal"),
    N_("WARNING: it has {count} {what}, {used} are configured"),
    N_("NOT SECURED"),
    # why a device is lost, or an order was not carried out
    N_("silent"),
    N_("port"),
    N_("wrong"),
    N_("insecure"),
    N_("refused"),
    N_("late"),
    N_("lost"),
    N_("no answer"),
    N_("address {address}: {how}"),
    N_("refuses to read {what} (exception {code}): not a {model}?"),
    N_("refuses to read its register (exception {code})"),
    N_("refuses to read its registers (exception {code})"),
    N_("answers, and not with a count of water"),
    N_("says no count of water: is the register, its form or its order another one?"),
    N_("firmware {version} does not speak standard Modbus: needs {oldest} or later"),
    N_("answers, but acknowledges no write: switch acknowledgements on in its .CFG"),
    N_("answers, but acknowledges nothing (bkcmd=3)"),
    N_("its project has no {name} ({reason})"),
    N_("it refuses to draw a {name} ({reason})"),
    N_("address {address} answers, but not as an OSDP reader"),
    N_("offers no Secure Channel"),
    N_("has no key of its own: doorward pair {name}"),
    N_("Secure Channel: its key is not the one configured"),
    N_("Secure Channel: refuses the handshake"),
    N_("Secure Channel: the handshake does not hold"),
    N_("replies that do not authenticate: no word with it for a while"),
    N_("its session breaks off"),
    N_("{count} bytes that are no answer"),
    N_("it does not get our packets whole"),
    N_("busy"),
    N_("could not open {port}: {reason}"),
    # the link, as the status tells it
    N_("waits for the store"),
    N_("the broker refused: {reason}"),
    # what forbids an update, or became of one
    N_("{door}: released by fire"),
    N_("{door}: hold_open"),
    N_("{door}: lockdown"),
    N_("{door}: open"),
    N_("{size} MB are needed, the journal's own room among them"),
    N_("dpkg: {package} {version} is not installed"),
    N_("its updater does not run: {why}"),
    N_("{tool} is not here"),
    N_("{tool} took over {limit} s"),
    N_("{version} is installed already"),
    N_("{version} is older than {installed}, which is installed"),
    N_("this box does not take a bundle of form {form}"),
    N_("the bundle cannot be read: {why}"),
    N_("the bundle cannot be kept: {why}"),
    N_("the bundle is not a plain file"),
    N_("the bundle is not what was signed"),
    N_("the package is {what}, and {signed} was signed"),
    N_("cut off each time"),
    N_("the machine went down each time"),
    N_("the one before was booted, or put back, meanwhile"),
    N_("not within {limit} s"),
    N_("the agent did not get ready"),
    N_("the centre did not confirm its facts in time"),
    N_("nothing answered at the broker's address for too long"),
    # why a message is none of the centre's
    N_("larger than 64 KiB"),
    N_("not three parts"),
    N_("no such key"),
    N_("this key may not sign {kind}"),
    N_("not canonical base64url"),
    N_("signature does not hold"),
    N_("header: {why}"),
    N_("payload: {why}"),
    N_("not exactly alg, typ, kid"),
    N_("alg is not EdDSA"),
    N_("typ is of another kind"),
    N_("kid is not text"),
    ONE_SIZE,
)
"""As drivers, core and updater word them; a field stands for anything."""
MARKED = (N_("large letters are asked for; the panel's files are normal: panel build --large"),)
"""What the core says itself: ONE_SIZE."""


def explained(text: str) -> str:
    """`text` as it is said now, also where it is several parted by semicolons. What is not known stays as it is."""
    if not speaks_chinese() or isinstance(text, SaidText):
        return text
    whole = _known(text)
    if whole is not None:
        return whole
    parts = text.split("; ")
    known = [_known(part) or part for part in parts]
    return joined(_("; "), known) if len(parts) > 1 else text


def _known(text: str) -> str | None:
    for form, pattern in _patterns():
        found = pattern.fullmatch(text)
        if found is not None:
            fields = {name: explained(value) for name, value in found.groupdict().items()}
            made = _(form).format(**fields)
            return SaidText(str(made), text)
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Those that say more first: a form with fewer words of its own would take the rest for its fields."""
    ordered = sorted(FORMS, key=lambda form: -len(re.sub(r"\{\w+\}", "", form)))
    return tuple((form, re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^;]+?)", re.escape(form)))) for form in ordered)
