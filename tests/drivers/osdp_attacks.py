"""Attacks on an OSDP line, each by somebody who holds the wire but not the key (reliability: the reader's secure channel).

Everything that comes back may be exchanged. No honest card is shown while they run: any card, key press or order is an attacker's.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.reports import CardSeen, Fact, KeyReport, SecurityAlarm
from simulator.osdp_reader import ABILITIES, CCRYPT, IDENTITY, RMAC_I, Peripheral, ReaderCommand, crc
from simulator.osdp_secure import FACTORY_KEY, ReaderSession
from tests.drivers.osdp_line import CARD, KEY, Wire, code_of, line, plain, secured, sequence_of

CARD_REPLY = b"\x00\x01\x1a\x00" + bytes.fromhex("5E30A700")
"""The bits of a card, as anybody can send them."""
PLAIN_WORDS = {ReaderCommand.ID, ReaderCommand.CAP, ReaderCommand.CHLNG, ReaderCommand.SCRYPT}
INSECURE = ABILITIES.replace(b"\x09\x01\x01", b"\x09\x00\x00")


@dataclass(slots=True)
class Attack:
    """`strike` makes of a command and the honest reply what arrives; it counts its tries with `hit`."""

    wire: Wire
    dice: random.Random
    tries: int = 0
    record: list[bytes] = field(default_factory=list)

    def hit(self, reply: bytes) -> bytes:
        self.tries += 1
        return reply


Strike = Callable[[Attack, bytes, bytes], bytes]


def shaking(frame: bytes, code: int) -> bool:
    return not secured(frame) and code_of(frame) == code


def reset(attack: Attack) -> bytes:
    """Have the session end, so that the next one can be attacked: a refusal, as of a reader that restarted."""
    attack.wire.peripherals[0].reboot()
    return plain(0x41, b"\x06", sequence=1)


def downgrade(attack: Attack, frame: bytes, reply: bytes) -> bytes:
    if shaking(frame, ReaderCommand.CAP):
        return attack.hit(plain(0x46, INSECURE, sequence=sequence_of(frame)))
    return reset(attack) if secured(frame) else reply


def refusal(attack: Attack, frame: bytes, reply: bytes) -> bytes:
    if shaking(frame, ReaderCommand.CHLNG):
        return attack.hit(plain(0x41, b"\x05", sequence=sequence_of(frame)))
    return reset(attack) if secured(frame) else reply


def default_key(attack: Attack, frame: bytes, reply: bytes) -> bytes:
    """Answers with the key that everybody knows, and says so."""
    if shaking(frame, ReaderCommand.CHLNG):
        own = attack.dice.randbytes(8)
        session = ReaderSession(FACTORY_KEY, frame[10:18], own)
        data = IDENTITY[:8] + own + session.cryptogram
        return attack.hit(plain(CCRYPT, data, sequence=sequence_of(frame), shield=b"\x12\x00"))
    return reset(attack) if secured(frame) else reply


def install_mode(attack: Attack, frame: bytes, reply: bytes) -> bytes:
    """KEYSET bait: under the default key it would do everything, under its own nothing."""
    if shaking(frame, ReaderCommand.CHLNG):
        attack.hit(b"")
        which = frame[8]
        if which == 1:
            return plain(0x41, b"\x05", sequence=sequence_of(frame))
        raise AssertionError("the default key was offered")
    return reset(attack) if secured(frame) else reply


def own_key_guessed(attack: Attack, frame: bytes, reply: bytes) -> bytes:
    if shaking(frame, ReaderCommand.CHLNG):
        own = attack.dice.randbytes(8)
        session = ReaderSession(attack.dice.randbytes(16), frame[10:18], own)
        data = IDENTITY[:8] + own + session.cryptogram
        return attack.hit(plain(CCRYPT, data, sequence=sequence_of(frame), shield=b"\x12\x01"))
    return reset(attack) if secured(frame) else reply


def replayed_handshake(attack: Attack, frame: bytes, reply: bytes) -> bytes:
    if shaking(frame, ReaderCommand.CHLNG):
        if not attack.record:
            attack.record.append(reply)
            return reply
        return attack.hit(attack.record[0])
    return reset(attack) if secured(frame) else reply


def forged_start(attack: Attack, frame: bytes, reply: bytes) -> bytes:
    if shaking(frame, ReaderCommand.SCRYPT):
        return attack.hit(plain(RMAC_I, attack.dice.randbytes(16), sequence=sequence_of(frame), shield=b"\x14\x01"))
    return reset(attack) if secured(frame) else reply


def plaintext_card(attack: Attack, frame: bytes, reply: bytes) -> bytes:
    if secured(frame):
        return attack.hit(plain(0x50, CARD_REPLY, sequence=sequence_of(frame)))
    return reply


def card_with_a_handshakes_shield(attack: Attack, frame: bytes, reply: bytes) -> bytes:
    if secured(frame):
        shield = bytes((attack.dice.choice([0x11, 0x12, 0x13, 0x14, 0x15, 0x17]), 1))
        return attack.hit(plain(0x50, CARD_REPLY + bytes(4), sequence=sequence_of(frame), shield=shield))
    return reply


def early_card(attack: Attack, frame: bytes, reply: bytes) -> bytes:
    """Before anybody proved anything."""
    if not secured(frame):
        if attack.dice.random() < 0.5:
            return attack.hit(plain(attack.dice.choice([0x50, 0x51, 0x53]), CARD_REPLY, sequence=sequence_of(frame)))
        return reply
    return reset(attack)


def guessed_mac(attack: Attack, frame: bytes, reply: bytes) -> bytes:
    """A four-byte MAC, tried as often as the line allows."""
    if not secured(frame):
        return reply
    body = plain(
        0x50, attack.dice.randbytes(16) + attack.dice.randbytes(4), sequence=sequence_of(frame), shield=b"\x18"
    )
    return attack.hit(body)


def bent_reply(attack: Attack, frame: bytes, reply: bytes) -> bytes:
    """The honest reply with one bit of code, data or MAC turned and its CRC made good."""
    if not secured(frame) or len(reply) < 14:
        return reply
    bent = bytearray(reply[:-2])
    bent[attack.dice.randrange(7, len(bent))] ^= 1 << attack.dice.randrange(8)
    return attack.hit(bytes(bent) + crc(bent))


def recorded_card(attack: Attack, reply: bytes) -> bytes:
    """The last reply that held a card; empty while there is none, and where `reply` is it."""
    if not attack.record:
        attack.wire.peripherals[0].present(CARD)
        attack.record.append(b"")
    if len(reply) == 30:
        attack.record[0] = reply
    old = attack.record[0]
    return b"" if old == reply else old


def out_of_turn(attack: Attack, frame: bytes, reply: bytes) -> bytes:
    """A recorded reply that held a card, under another number than it is its turn for; then the honest one."""
    old = recorded_card(attack, reply) if secured(frame) else b""
    return attack.hit(old) + reply if old and sequence_of(old) != sequence_of(frame) else reply


def replayed_card(attack: Attack, frame: bytes, reply: bytes) -> bytes:
    """The same, when its number's turn has come again."""
    old = recorded_card(attack, reply) if secured(frame) else b""
    return attack.hit(old) if old and sequence_of(old) == sequence_of(frame) else reply


ATTACKS: dict[str, tuple[Strike, set[str]]] = {
    "downgrade": (downgrade, {"downgrade"}),
    "handshake refused": (refusal, {"downgrade"}),
    "default key": (default_key, {"default_key"}),
    "keyset bait": (install_mode, {"downgrade"}),
    "key guessed": (own_key_guessed, {"handshake"}),
    "handshake replayed": (replayed_handshake, {"handshake"}),
    "start forged": (forged_start, {"handshake"}),
    "plaintext card": (plaintext_card, {"plaintext"}),
    "card in a handshake's shield": (card_with_a_handshakes_shield, {"plaintext"}),
    "card before the session": (early_card, {"plaintext"}),
    "MAC guessed": (guessed_mac, {"mac"}),
    "reply bent": (bent_reply, {"mac"}),
    "out of turn": (out_of_turn, {"sequence"}),
    "card replayed": (replayed_card, {"mac"}),
}
"""By name: the attack and the alarms that must be told."""


def run(name: str, tries: int, seed: int, **options: object) -> tuple[int, list[Fact], set[str]]:
    """Let it run for that many tries; gives the tries, what an attacker achieved, and the alarms told."""
    strike, _ = ATTACKS[name]
    wire = Wire(Peripheral(KEY))
    attack = Attack(wire, random.Random(seed))
    did: list[str] = []
    wire.peripherals[0].did = lambda what, value: did.append(what)
    bus = line(wire, **options)
    bus.run(1.0)
    wire.between = lambda frame, reply: strike(attack, frame, reply)
    found: list[Fact] = []
    alarms: set[str] = set()
    honest = 0
    while attack.tries < tries:
        bus.facts.clear()
        bus.written.clear()
        wire.frames.clear()
        bus.run(20.0)
        cards = bus.of(CardSeen)
        honest += len(cards)
        found += bus.of(KeyReport)
        alarms |= {fact.what for fact in bus.of(SecurityAlarm)}
        assert all(secured(frame) or code_of(frame) in PLAIN_WORDS for frame in wire.frames), "in plain"
        assert all(frame[8] == 1 for frame in wire.frames if shaking(frame, ReaderCommand.CHLNG)), "default key"
        assert not [each for each in did if each in {"keyset", "pulse", "comset"}]
        found += cards if honest > (name in {"out of turn", "card replayed"}) else []
    return attack.tries, found, alarms
