"""Getting acquainted with a reader: who it is, what it can, whether it is safe to talk to. Also its provisioning window.

Decides which of two things follows an answer: the next step, or trouble. When anything follows is reader.py's.
"""

from __future__ import annotations

from contract.frozen import frozen
from drivers.osdp import messages
from drivers.osdp.alarms import Alarms
from drivers.osdp.codec import Packet
from drivers.osdp.options import ReaderOptions
from drivers.osdp.pairing import Pairing, open_window
from drivers.osdp.secure_session import Heard, SecureSession
from drivers.osdp.wants import ReaderRequest
from drivers.reports import Fact, OrderFailed, OrderSent, PairingStep, PairReader, SecureSeen


@frozen
class HandshakeTrouble:
    """Why the acquaintance ends here: `reason` as in DeviceLost."""

    reason: str
    detail: str


class Handshake:
    """`able`: what the reader says it can; `detail`: what it says it is. `facts` collects."""

    def __init__(self, name: str, options: ReaderOptions, secure: SecureSession, alarms: Alarms) -> None:
        self._name = name
        self._options = options
        self._secure = secure
        self._alarms = alarms
        self._key = options.key_bytes()
        self._seen_secure = options.remembered
        self._pairing: Pairing | None = None
        self._who = ""
        self.able: messages.Capabilities = {}
        self.facts: list[Fact] = []

    @property
    def detail(self) -> str:
        how = "Secure Channel" if self._secure.secured else "NOT SECURED"
        return "; ".join((self._who, how, *self._shortfalls()))

    def _shortfalls(self) -> list[str]:
        """What the configuration uses and the reader does not have."""
        pairs = (
            (messages.OUTPUTS, "outputs", self._options.outputs),
            (messages.CONTACTS, "inputs", self._options.inputs),
        )
        there = {code: self.able.get(code, (0, 0))[1] for code, _, _ in pairs}
        return [
            f"WARNING: it has {there[code]} {name}, {used} are configured"
            for code, name, used in pairs
            if used > there[code]
        ]

    # --- questions

    def challenge(self) -> bytes:
        """The first command of the handshake."""
        base = self._key if self._pairing is None else self._pairing.base
        assert base is not None
        return self._secure.challenge(base)

    def keyset(self) -> messages.Message:
        assert self._pairing is not None
        self._came_to("offered")
        return messages.keyset(self._pairing.key)

    # --- answers

    def heard(self, want: ReaderRequest, heard: Heard, packet: Packet, now: float) -> ReaderRequest | HandshakeTrouble:
        """The next step after the answer to `want`, one of the introduction's; the same again where it was none."""
        if heard.code in messages.PERSONAL:
            # A card shown before anybody proved anything: never acted on.
            self.facts += self._alarms.sound("plaintext", now)
            return want
        match want:
            case ReaderRequest.IDENTITY:
                return self._identified(heard)
            case ReaderRequest.ABILITIES:
                return self._abilities(heard, now)
            case ReaderRequest.CHALLENGE:
                return self._challenged(heard, packet, now)
            case _:
                return self._proven(heard, packet, now)

    def believed(self, heard: Heard) -> None:
        """What it can, said inside the session."""
        able = messages.capabilities(heard.data) if heard.code == messages.PDCAP else None
        self.able = able or self.able

    def _identified(self, heard: Heard) -> ReaderRequest | HandshakeTrouble:
        who = messages.identity(heard.data) if heard.code == messages.PDID else None
        if who is None and heard.code != messages.NAK:
            return HandshakeTrouble("wrong", f"address {self._options.address} answers, but not as an OSDP reader")
        self._who = str(who) if who is not None else "does not say what it is"
        return ReaderRequest.ABILITIES

    def _abilities(self, heard: Heard, now: float) -> ReaderRequest | HandshakeTrouble:
        able = messages.capabilities(heard.data) if heard.code == messages.PDCAP else None
        self.able = able or {}
        must = self._options.secure == "required" or self._seen_secure
        if self._pairing is not None:
            return ReaderRequest.CHALLENGE
        if heard.code != messages.NAK and not messages.secure(self.able):
            if not must:
                return ReaderRequest.LOCAL
            self.facts += self._alarms.sound("downgrade", now)
            return HandshakeTrouble("insecure", "offers no Secure Channel")
        if self._key is not None:
            return ReaderRequest.CHALLENGE
        return (
            HandshakeTrouble("insecure", f"has no key of its own: doorward pair {self._name}")
            if must
            else ReaderRequest.LOCAL
        )

    def _challenged(self, heard: Heard, packet: Packet, now: float) -> ReaderRequest | HandshakeTrouble:
        if heard.code == messages.CCRYPT and self._secure.believe_cryptogram(packet, now):
            return ReaderRequest.PROOF
        if self._pairing is not None and not self._pairing.given:
            if heard.code != messages.NAK:
                self._came_to("other_key")
            if self._secure.default_key:
                self._came_to("factory_refused")
        if heard.code != messages.NAK:
            return HandshakeTrouble("insecure", "Secure Channel: its key is not the one configured")
        if self._pairing is None:
            self.facts += self._alarms.sound("downgrade", now)
        return HandshakeTrouble("insecure", "Secure Channel: refuses the handshake")

    def _proven(self, heard: Heard, packet: Packet, now: float) -> ReaderRequest | HandshakeTrouble:
        if heard.code != messages.RMAC_I or not self._secure.believe_start(packet, now):
            return HandshakeTrouble("insecure", "Secure Channel: the handshake does not hold")
        if self._secure.default_key:
            assert self._pairing is not None
            self._pairing.used = True
            return ReaderRequest.KEYSET
        if self._pairing is not None and self._pairing.given:
            self._key = self._pairing.key
            self.facts.append(OrderSent(self._name, self._pairing.order, now))
            self._pairing = None
        if not self._seen_secure:
            self._seen_secure = True
            self.facts.append(SecureSeen(self._name))
        return ReaderRequest.BELIEVED

    # --- the provisioning window

    @property
    def pairing(self) -> bool:
        return self._pairing is not None

    @property
    def must_key(self) -> bool:
        """A session stands in which the new key can be given."""
        return self._pairing is not None and not self._pairing.given

    @property
    def window_ends(self) -> float | None:
        return None if self._pairing is None else self._pairing.ends

    def open_window(self, order: PairReader, now: float) -> bool:
        if self._pairing is None:
            self._pairing = open_window(order, now, self._key)
            if self._pairing is not None:
                return True
        self.facts.append(OrderFailed(self._name, order.order, "refused"))
        return False

    def try_again(self) -> None:
        """A handshake of the window did not come about."""
        if self._pairing is not None:
            self._pairing.tries += 1

    def declined(self) -> None:
        """KEYSET was refused, in its session: it has no new key."""
        self._came_to("declined")
        self.close_window("refused")

    def began_anew(self) -> None:
        """Once KEYSET was on the line the reader may have the new key, however the conversation came to its end."""
        pairing = self._pairing
        if pairing is None:
            return
        if "offered" in pairing.told and not pairing.given:
            pairing.given, pairing.tries = True, 0  # whether it has the new key shows at the next handshake
        if pairing.over:
            self.close_window("refused")

    def _came_to(self, step: str) -> None:
        pairing = self._pairing
        if pairing is not None and step not in pairing.told:
            pairing.told.add(step)
            self.facts.append(PairingStep(self._name, pairing.order, step))

    def close_window(self, reason: str) -> None:
        if self._pairing is not None:
            self.facts.append(OrderFailed(self._name, self._pairing.order, reason))
            self._pairing = None
