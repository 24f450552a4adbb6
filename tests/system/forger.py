"""Whoever has a key of the centre and its login at the broker: signs anything, publishes it, and publishes what it saw again."""

from __future__ import annotations

import secrets
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from centre import publisher
from centre.folder import Folder
from centre.keys import load_keys, load_root
from centre.link import Link
from centre.signing import Signer
from contract.base64url import b64url
from contract.commands import Command, Mode, Open, Order, SetMode
from contract.kinds import Message
from contract.messages import Keys, Kind, WorkingKey
from contract.parse import payload_of
from contract.scopes import Scope
from contract.strict_json import dumps
from contract.topics import down
from simulator.demo.bureau import SITE
from simulator.demo.stage import UNIT, Stage

OWN = Scope("unit", UNIT)
COMMANDS = down(SITE, OWN, Kind.COMMAND)


class Forger:
    def __init__(self, stage: Stage) -> None:
        self._folder = Folder(stage.bureau.path)
        self._site = self._folder.load()
        self._keys = load_keys(self._folder)
        self._signer = Signer(SITE, self._keys)

    def send(self, *messages: tuple[str, bytes], retain: bool = False) -> None:
        with publisher.connected(self._folder, self._site, self._keys) as link:
            for topic, token in messages:
                self.put(link, topic, token, retain=retain)

    def put(self, link: Link, topic: str, token: bytes, *, retain: bool = False) -> None:
        publisher.send(link, topic, token, retain=retain)

    def token(self, kind: Kind, message: Message) -> bytes:
        return self._signer.sign(kind, message)

    def sealed(self, kind: Kind, payload: dict[str, Any]) -> bytes:
        """Of any payload, also of one that the centre's own code would not sign."""
        kid = self._keys.kid_for(kind)
        header = dumps({"alg": "EdDSA", "typ": f"doorward-{kind}", "kid": kid})
        text = f"{b64url(header)}.{b64url(dumps(payload))}".encode()
        return text + b"." + b64url(self._keys.private[kid].sign(text)).encode()

    def other_keys(self, rev: int, kid: str, key: Ed25519PrivateKey) -> tuple[str, bytes]:
        """`keys` signed by the root that have this key for notices in the place of the one before."""
        public = WorkingKey(kid, key.public_key().public_bytes_raw().hex(), frozenset({Kind.NOTICE}))
        kept = tuple(each for each in self._keys.working if Kind.NOTICE not in each.kinds)
        scope = Scope("site", SITE)
        topic = down(SITE, scope, Kind.KEYS)
        made = Keys(scope, rev, round(time.time(), 3), (*kept, public))
        return topic, self._signer.sign_keys(load_root(self._folder), topic, made)

    def command(self, order: Order, life_s: float = 25.0, *, name: str | None = None, ahead_s: float = 0.0) -> Command:
        now = round(time.time() + ahead_s, 3)
        name = name or secrets.token_hex(8)
        return Command(SITE, OWN, name, UNIT, now, now + life_s, order, "forger", "test")

    def opening(self) -> tuple[str, bytes]:
        """(id, token) of a good order to open, fresh."""
        made = self.command(Open("main"))
        return made.id, self.token(Kind.COMMAND, made)

    def far_end(self, until: Any) -> bytes:
        """A lockdown whose end is whatever is given."""
        made = self.command(SetMode(Mode.LOCKDOWN, 1e9))
        payload = payload_of(made, SITE)
        payload["args"]["until"] = until
        return self.sealed(Kind.COMMAND, payload)
