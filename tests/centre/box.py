"""A unit in software that keeps what it is sent, as the contract has it: cards open by the rosters in force, a roster waits for its card key,
an old key stays as long as a roster needs it, secrets are opened with a key derived from the unit's own. For whole courses on a real broker.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from centre.intake import InboundMessage
from contract.cards import card_hash, pin_hash
from contract.commands import Reason
from contract.envelope import KeyRing, key_ring, verify
from contract.hpke import SealError
from contract.kinds import Message
from contract.messages import Confirm, Holder, Keys, Kind, Notice, RosterPart, Secrets, Settings
from contract.parse import parse
from contract.plain import Presence, build_will, parse_presence
from contract.refusal import Refusal
from contract.scopes import Scope
from contract.sealing import SealedSecrets, open_secrets, seal_message, sealing_key
from contract.topics import centre, parse_down, subscriptions
from tests.centre.unit import HEALTHY, SITE, FakeUnit
from tests.centre.wire import Wire

HEARD = (Kind.NOTICE, Kind.ROSTER, Kind.SETTINGS, Kind.KEYS, Kind.SECRETS, Kind.CONFIRM)


@dataclass
class InForce:
    """One roster as it is applied."""

    rev: int = 0
    card_key: str = ""
    by_key: dict[str, Holder] = field(default_factory=dict)


class Box:
    """Takes messages on the wire's thread; every question is answered from another."""

    def __init__(self, unit: FakeUnit, scopes: list[Scope]) -> None:
        assert unit.enrolment is not None
        self.unit = unit
        self.scopes = scopes
        enrolment = unit.enrolment
        self.root = bytes.fromhex(enrolment.root_key)
        self.ring: KeyRing = key_ring(self.root, enrolment.working_keys)
        self.card_keys: dict[str, str] = dict(enrolment.card_keys)
        self.pin_keys: dict[str, str] = dict(enrolment.pin_keys)
        self.logins: list[tuple[str, str]] = [(unit.name, enrolment.password)]
        self.rosters: dict[str, InForce] = {}
        self.notices: dict[str, int] = {}
        self.keys_rev = self.secrets_rev = 0
        self.refused: list[str] = []
        self.wire: Wire | None = None
        self.wires: list[Wire] = []
        """All there ever were."""
        self.login = ""
        self.confirmed = 0
        self._parts: dict[tuple[str, int], dict[int, RosterPart]] = {}
        self._lock = threading.RLock()

    # --- the line

    def connect(self, port: int) -> bool:
        """With the newest login, else with the one before. False where none is let in."""
        for name, password in list(self.logins):
            wire = Wire(port, name, password, take=self._take)
            if wire.connected:
                self.wire, self.login = wire, name
                self.wires.append(wire)
                self._introduce()
                wire.subscribe(*subscriptions(SITE, self.unit.name, self.scopes))
                return True
            wire.close()
        return False

    def _introduce(self) -> None:
        """At each connection, and whenever the centre comes online: who this is, and what it has not confirmed."""
        self._send(self.unit.enrol())
        self._send(self.unit.message("seal", seal_message(self.unit.key, SITE, self.unit.name)))
        self._send(self.unit.status(login=self.login))
        if len(self.unit.lines) > self.confirmed:
            self._send(self.unit.batch(self.confirmed + 1))

    def off(self) -> None:
        if self.wire is not None:
            if self.wire.connected:
                self.wire.send(self.unit.message("status", build_will(HEALTHY.session)))
            self.wire.close()
        self.wire = None

    def passwords(self) -> list[str]:
        """Of all logins it has."""
        return [password for _, password in self.logins]

    # --- questions

    def opens(self, card: str) -> bool:
        with self._lock:
            return any(
                card_hash(bytes.fromhex(self.card_keys[each.card_key]), card) in each.by_key
                for each in self.rosters.values()
            )

    def takes_pin(self, card: str, pin: str) -> bool:
        """Whether this is the PIN of the card's holder, by any PIN key there is."""
        with self._lock:
            for each in self.rosters.values():
                holder = each.by_key.get(card_hash(bytes.fromhex(self.card_keys[each.card_key]), card))
                if holder is not None and holder.pin is not None:
                    owner = holder.room or holder.id
                    return any(pin_hash(bytes.fromhex(key), owner, pin) == holder.pin for key in self.pin_keys.values())
            return False

    # --- what comes

    def _take(self, topic: str, payload: bytes) -> None:
        with self._lock:
            if topic == centre(SITE):
                there = parse_presence(payload)
                if isinstance(there, Presence) and there.online:
                    self._introduce()
                return
            down = parse_down(topic)
            if down is None or down.kind not in HEARD or not payload:
                return
            verified = verify(payload, down.kind, self.ring)
            message = verified if isinstance(verified, Refusal) else parse(down.kind, SITE, down, verified)
            if isinstance(message, Refusal):
                self.refused.append(f"{topic}: {message.reason}: {message.detail}")
                if message.reason is Reason.UNKNOWN_KEY:
                    self._send(self.unit.status(login=self.login, stale=True))
                return
            self._enter(message)

    def _enter(self, message: Message) -> None:
        match message:
            case Keys():
                self._keys(message)
            case Secrets():
                self._secrets(message)
            case RosterPart():
                self._parts.setdefault((str(message.scope), message.rev), {})[message.part] = message
                self._apply()
            case Notice():
                self.notices[message.id] = max(message.rev, self.notices.get(message.id, 0))
            case Confirm(seq=seq):
                self.confirmed = max(self.confirmed, seq)
            case Settings():
                pass

    def _keys(self, message: Keys) -> None:
        if message.rev <= self.keys_rev:
            return
        self.keys_rev = message.rev
        good = {key.kid for key in message.keys if Kind.NOTICE in key.kinds}
        lost = any(Kind.NOTICE in key.kinds and kid not in good for kid, key in self.ring.items())
        self.ring = key_ring(self.root, message.keys)
        self._tell("keys.applied", scope=f"site/{SITE}", id="", rev=message.rev)
        if lost and self.wire is not None:
            self.notices.clear()
            self.wire._client.subscribe([(each, 1) for each in subscriptions(SITE, self.unit.name, self.scopes)])

    def _secrets(self, message: Secrets) -> None:
        if message.rev <= self.secrets_rev:
            return
        try:
            opened = self.unseal(message)
        except SealError:
            self._tell(
                "state.refused", state="secrets", scope=str(message.scope), id="", rev=message.rev, reason="sealed"
            )
            return
        self.secrets_rev = message.rev
        needed = {each.card_key for each in self.rosters.values()}
        old: Mapping[str, str] = {name: key for name, key in self.card_keys.items() if name in needed}
        self.card_keys = {**old, **opened.card_keys}
        self.pin_keys = dict(opened.pin_keys)
        if opened.login is not None and opened.password is not None:
            self.logins = [(opened.login, opened.password), self.logins[-1]]
        self._tell("secrets.applied", scope=str(message.scope), id="", rev=message.rev)
        self._apply()
        self.card_keys = {
            name: key
            for name, key in self.card_keys.items()
            if name in opened.card_keys or name in {each.card_key for each in self.rosters.values()}
        }

    def unseal(self, message: Secrets) -> SealedSecrets:
        private = sealing_key(self.unit.key, SITE, self.unit.name)
        return open_secrets(private, SITE, message)

    def _apply(self) -> None:
        """Every roster that is whole, newer than what is in force, and hashed with a key that is here."""
        for (scope, rev), parts in sorted(self._parts.items()):
            first = next(iter(parts.values()))
            there = (
                self.rosters.setdefault(f"{scope}/{first.id}", InForce()) if first.card_key in self.card_keys else None
            )
            if there is None or len(parts) < first.parts or rev <= there.rev:
                continue
            people = [holder for part in parts.values() for holder in part.holders]
            there.rev, there.card_key = rev, first.card_key
            there.by_key = {str(holder.key): holder for holder in people}
            self._tell("roster.applied", scope=scope, id=first.id, rev=rev)

    def _tell(self, kind: str, **data: object) -> None:
        self.unit.fact(kind, **data)
        self._send(self.unit.batch(len(self.unit.lines)))

    def _send(self, message: InboundMessage) -> None:
        if self.wire is not None:
            self.wire.post(message)
