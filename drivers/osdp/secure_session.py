"""The conversation with one reader: sequence numbers, Secure Channel, and which of the packets heard is to be believed.

Knows no meanings: what to say and what an answer is for is reader.py's. Everything that is not beyond doubt is refused here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from drivers.osdp import codec, crypto, messages
from drivers.osdp.alarms import Alarms
from drivers.osdp.codec import Packet
from drivers.osdp.messages import Message
from drivers.reports import SecurityAlarm

FLOOD_SPAN_S = 60.0
FLOOD_MACS = 10
"""A MAC has four bytes: more wrong ones than this in a minute are somebody searching for it."""
FLOOD_TURNS = 10
"""More replies out of turn than this in a minute are somebody repeating old ones. Those that the reader owes are none of them: a command that was
said again has two answers, and the later one may come in the next one's turn. A line may also double a packet.
"""
OWED_MAX = 8
RESETS_SPAN_S = 60.0
RESETS = 10
"""A reader that reboots breaks its session once; more than this in a minute is told."""

CHALLENGED, CRYPTED, PROVEN, STARTED = 0x11, 0x12, 0x13, 0x14
"""Security block types of the handshake: CHLNG, CCRYPT, SCRYPT, RMAC_I."""
SECURED_REPLIES = frozenset({codec.SECURED_REPLY, codec.SEALED_REPLY})
WITH_DEFAULT, WITH_OWN = 0, 1
"""Its second byte: which base key."""


class Verdict(StrEnum):
    ANSWER = "answer"
    BUSY = "busy"
    AGAIN = "again"
    """The reader did not get our packet whole."""
    PASS = "pass"  # noqa: S105  # no password
    """Nothing to be believed: go on listening."""
    BROKEN = "broken"
    """The session is over, by a reader that forgot it or by somebody else's doing."""
    FLOOD = "flood"


@dataclass(slots=True)
class Heard:
    """Never changed; not frozen for the reason that a Packet is not."""

    verdict: Verdict
    code: int = 0
    data: bytes = field(default=b"", repr=False)


class SecureSession:
    """`secured` while a session stands. `told` collects alarms."""

    def __init__(self, address: int, alarms: Alarms, random: Callable[[int], bytes], *, crc: bool) -> None:
        self._address = address
        self._alarms = alarms
        self._random = random
        self._crc = crc
        self._sequence: int | None = None
        self._keys: crypto.SessionKeys | None = None
        self._ours = self._theirs = b""
        self._command_mac = self._reply_mac = b""
        self._flood: deque[float] = deque(maxlen=FLOOD_MACS + 1)
        self._turns: deque[float] = deque(maxlen=FLOOD_TURNS + 1)
        self._owed = 0
        self._resets: deque[float] = deque(maxlen=RESETS + 1)
        self.default_key = False
        self.secured = False
        self.told: list[SecurityAlarm] = []

    def restart(self) -> None:
        """Forget the session; the next command carries sequence number 0, which tells the reader to do the same."""
        self._sequence = None
        self._keys = None
        self._ours = self._theirs = b""
        self._command_mac = self._reply_mac = b""
        self.default_key = False
        self.secured = False

    def unanswered(self) -> None:
        """A command had no answer in its time: that may come yet, whatever was said since."""
        self._owed = min(self._owed + 1, OWED_MAX)

    # --- saying

    def compose(self, message: Message) -> bytes:
        """The next command, secured while a session stands. The last one must have been answered; an unanswered one is said again as it was."""
        sequence = self._next()
        if not self.secured or self._keys is None:
            return codec.build(self._address, sequence, message.code, message.data, crc=self._crc)
        block, data = codec.SECURED_COMMAND, message.data
        if data:
            block, data = codec.SEALED_COMMAND, self._keys.seal(data, self._reply_mac)
        return codec.build(
            self._address, sequence, message.code, data, crc=self._crc, block=bytes((block,)), sign=self._sign
        )

    def challenge(self, base: bytes) -> bytes:
        """Begin a handshake under the base key `base`."""
        self.default_key = crypto.same(base, crypto.DEFAULT_KEY)
        self._ours = self._random(crypto.RANDOM_BYTES)
        self._keys = crypto.SessionKeys(base, self._ours)
        return self._shake(CHALLENGED, messages.CHLNG, self._ours)

    def prove(self) -> bytes:
        """The second half of the handshake."""
        assert self._keys is not None
        return self._shake(PROVEN, messages.SCRYPT, self._keys.server_cryptogram(self._ours, self._theirs))

    def _shake(self, kind: int, code: int, data: bytes) -> bytes:
        block = bytes((kind, WITH_DEFAULT if self.default_key else WITH_OWN))
        return codec.build(self._address, self._next(), code, data, crc=self._crc, block=block)

    def _next(self) -> int:
        self._sequence = 0 if self._sequence is None else self._sequence % 3 + 1
        return self._sequence

    def _sign(self, body: bytes) -> bytes:
        assert self._keys is not None
        self._command_mac = self._keys.mac(body, self._reply_mac)
        return self._command_mac[: codec.MAC_BYTES]

    # --- hearing

    def judge(self, packet: Packet, now: float) -> Heard:
        """A packet of this reader whose check held, while a command waits for its answer."""
        if self.secured:
            return self._judge_secured(packet, now)
        if packet.block and packet.block[0] in codec.SECURED:
            self._alarms.note("stray")
            return Heard(Verdict.PASS)
        if packet.code == messages.BUSY:
            return Heard(Verdict.BUSY)
        if packet.code == messages.NAK and packet.data[:1] == bytes((messages.NAK_CHECK,)):
            return Heard(Verdict.AGAIN)
        if packet.sequence != self._sequence:
            self._alarms.note("stray")
            return Heard(Verdict.PASS)
        return Heard(Verdict.ANSWER, packet.code, packet.data)

    def _judge_secured(self, packet: Packet, now: float) -> Heard:
        kind = packet.block[0] if packet.block else 0
        if kind not in SECURED_REPLIES:
            return self._unsecured(packet, now)
        if packet.sequence != self._sequence:
            return self._out_of_turn(now)
        assert self._keys is not None
        mac = self._keys.mac(packet.signed, self._command_mac)
        if not crypto.same(mac[: codec.MAC_BYTES], packet.mac):
            return self._wrong_mac(now)
        data: bytes | None = packet.data
        if kind == codec.SEALED_REPLY:
            data = self._keys.open(packet.data, self._command_mac) if packet.data else b""
        self._reply_mac = mac
        if data is None:
            self._alarms.note("padding")
            return Heard(Verdict.ANSWER, messages.ACK)
        return Heard(Verdict.ANSWER, packet.code, data)

    def _unsecured(self, packet: Packet, now: float) -> Heard:
        """Inside a session only "busy" and "I did not get that" may come unsecured. Anything else ends it: the packet is dropped."""
        if packet.code == messages.BUSY and not packet.block:
            return Heard(Verdict.BUSY)
        if packet.code == messages.NAK and packet.data[:1] == bytes((messages.NAK_CHECK,)):
            return Heard(Verdict.AGAIN)
        if packet.code != messages.NAK and packet.sequence != self._sequence:
            return self._out_of_turn(now)  # as a second answer to the handshake
        self.restart()
        if packet.code != messages.NAK:
            self.told += self._alarms.sound("plaintext", now)
            return Heard(Verdict.BROKEN)
        self._alarms.note("reset")
        self._resets.append(now)
        if len(self._resets) > RESETS and now - self._resets[0] < RESETS_SPAN_S:
            self.told += self._alarms.sound("resets", now)
        return Heard(Verdict.BROKEN)

    def _out_of_turn(self, now: float) -> Heard:
        """Never taken. An alarm only where no late or doubled answer of the reader's own explains it."""
        if self._owed:
            self._owed -= 1
            self._alarms.note("late")
            return Heard(Verdict.PASS)
        self._turns.append(now)
        if len(self._turns) <= FLOOD_TURNS or now - self._turns[0] >= FLOOD_SPAN_S:
            self._alarms.note("sequence")
            return Heard(Verdict.PASS)
        self._turns.clear()
        self.told += self._alarms.sound("sequence", now)
        return Heard(Verdict.PASS)

    def _wrong_mac(self, now: float) -> Heard:
        self._alarms.note("mac")
        self._flood.append(now)
        if len(self._flood) <= FLOOD_MACS or now - self._flood[0] >= FLOOD_SPAN_S:
            return Heard(Verdict.PASS)
        self._flood.clear()
        self.restart()
        self.told += self._alarms.sound("mac", now)
        return Heard(Verdict.FLOOD)

    # --- the handshake's answers; True when they hold

    def believe_cryptogram(self, packet: Packet, now: float) -> bool:
        """CCRYPT: the reader knows the base key and answers this very challenge."""
        kind, which = _shield(packet)
        if which == WITH_DEFAULT and not self.default_key:
            self.told += self._alarms.sound("default_key", now)
            return False
        theirs, cryptogram = packet.data[8:16], packet.data[16:]
        if self._keys is None or kind != CRYPTED or len(packet.data) != 32:
            return False
        if not crypto.same(cryptogram, self._keys.client_cryptogram(self._ours, theirs)):
            self.told += self._alarms.sound("handshake", now)
            return False
        self._theirs = theirs
        return True

    def believe_start(self, packet: Packet, now: float) -> bool:
        """RMAC_I: the reader believes us too, and the chain of MACs begins at the same place."""
        kind, which = _shield(packet)
        if self._keys is None or kind != STARTED:
            return False
        first = self._keys.first_mac(self._keys.server_cryptogram(self._ours, self._theirs))
        if which != 1 or not crypto.same(packet.data, first):
            self.told += self._alarms.sound("handshake", now)
            return False
        self._reply_mac = first
        self.secured = True
        return True


def _shield(packet: Packet) -> tuple[int, int]:
    """Type and first data byte of the security block; -1 for what is not there."""
    block = packet.block
    return (block[0] if block else -1, block[1] if len(block) > 1 else -1)
