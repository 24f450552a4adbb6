"""A new card key for a real unit that runs: sealed to it, and the cards go on working at every moment, over a power cut too."""

from __future__ import annotations

import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.identity import Identity
from centre.keys import load_keys, load_root
from centre.signing import Signer
from contract.cards import card_hash
from contract.kinds import Message
from contract.messages import Holder, Keys, Kind, RosterPart, Secrets, WorkingKey
from contract.parse import payload_of
from contract.scopes import Scope
from contract.sealing import SealedSecrets, seal_secrets, sealing_key
from contract.strict_json import dumps
from contract.topics import down
from simulator.demo.bureau import SITE
from simulator.demo.people import PATROL, RESIDENT
from simulator.demo.stage import PULSE_S, UNIT, Stage
from tests.contract.signing import seal
from tests.system.forger import OWN, Forger
from tests.waiting import eventually

NEW = bytes(range(64, 96))
WHOLE, BUILDING = Scope("site", SITE), Scope("building", "b12")
LATER = 2**40
"""A revision above those of the centre, which are times."""


class Office(Forger):
    """A centre that has a key for secrets too."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._own = Ed25519PrivateKey.generate()
        keys = load_keys(self._folder)
        public = WorkingKey(
            "s1", self._own.public_key().public_bytes_raw().hex(), frozenset({Kind.SECRETS, Kind.ROSTER})
        )
        topic = down(SITE, WHOLE, Kind.KEYS)
        made = Keys(WHOLE, LATER, round(time.time(), 3), (*keys.working, public))
        self.send((topic, Signer(SITE, keys).sign_keys(load_root(self._folder), topic, made)), retain=True)

    def publish(self, kind: Kind, message: Message, *ids: str | int) -> None:
        header = dumps({"alg": "EdDSA", "typ": f"doorward-{kind}", "kid": "s1"})
        token = seal(header, dumps(payload_of(message, SITE)), self._own)
        self.send((down(SITE, message.scope, kind, *ids), token), retain=True)


def opens(stage: Stage, card: int) -> bool:
    """A tap that is granted unlocks within a second. Waits until the lock is at rest again."""
    eventually(lambda: not stage.box.lock_unlocked, PULSE_S + 2)
    time.sleep(1.1)  # another tap, not the same one still
    stage.box.tap(card)
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        if stage.box.lock_unlocked:
            return True
        time.sleep(0.01)
    return False


def counts(stage: Stage) -> dict[str, int]:
    return dict(json.loads((stage.disk.folder / "status.json").read_text(encoding="utf-8"))["counts"])


@pytest.mark.soak
def test_a_new_card_key_reaches_a_unit_that_runs(stage: Stage) -> None:
    stage.start_broker()
    stage.bureau.serve.start()
    stage.start_agent()
    eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
    assert opens(stage, RESIDENT)
    assert opens(stage, PATROL)
    office = Office(stage)
    eventually(lambda: stage.bureau.facts(kind="keys.applied", rev=LATER), 10)
    people = (Holder("r-0301", key=card_hash(NEW, f"{RESIDENT:X}")),)
    office.publish(
        Kind.ROSTER, RosterPart(BUILDING, "residents", LATER, time.time(), 1, 1, "k-new", people), "residents", 1
    )
    time.sleep(1.0)
    assert opens(stage, PATROL), "the roster before stays in force until its key is here"
    assert not stage.bureau.facts(kind="roster.applied", rev=LATER)
    identity = Identity.load(stage.identity)
    public = sealing_key(identity.private, SITE, UNIT).public_key().public_bytes_raw()
    inside = SealedSecrets({"k-new": NEW.hex()}, {})
    office.publish(Kind.SECRETS, Secrets(OWN, 1, time.time(), UNIT, seal_secrets(public, SITE, UNIT, 1, inside)))
    eventually(lambda: stage.bureau.facts(kind="roster.applied", rev=LATER), 10)
    assert opens(stage, RESIDENT)
    assert not opens(stage, PATROL)
    assert counts(stage)["secrets"] == 1
    stage.agent.kill()
    stage.stop_broker()
    stage.start_agent()
    assert opens(stage, RESIDENT)
    assert not opens(stage, PATROL)
    assert stage.agent.stop() == 0
    written = b"".join(
        path.read_bytes() for path in stage.folder.rglob("*") if path.is_file() and path.suffix != ".csv"
    )
    assert NEW not in written
    assert NEW.hex().encode() not in written
