"""What tests of changing keys do to a centre, and what they ask it: units in software that show keys and tell what they have in force."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from centre import rotations, schema, state, units
from centre.keys import load_keys
from contract.envelope import KeyRing, key_ring, unverified_payload, verify
from contract.messages import Kind, Secrets
from contract.parse import parse
from contract.sealing import SealedSecrets, open_secrets, seal_message, sealing_key
from contract.topics import parse_down
from tests.centre.conftest import Desk
from tests.centre.unit import SITE, FakeUnit

YARD = "yard/y07"
CARDS = "id,card,pin,room\nh1,0012345678,4711,101\nh2,0x9ABCDEF1,,102\n"


def shows(desk: Desk, *boxes: FakeUnit) -> None:
    """They show the keys that secrets are sealed to."""
    desk.take(*(box.message("seal", seal_message(box.key, SITE, box.name)) for box in boxes))


def roster(desk: Desk, text: str = CARDS, name: str = "r", scope: str = YARD) -> None:
    file = desk.path / f"{name}.csv"
    file.write_text(text)
    desk.run("roster", "put", "--yes", name, str(file), "--scope", scope)
    file.unlink()


def told(desk: Desk, box: FakeUnit, *kinds: str) -> None:
    """The unit has all in force that it should have now (or all of these kinds), and says so."""
    first = len(box.lines) + 1
    for kind, scope, name, rev in sorted(in_force(desk, box)):
        if kind in (kinds or ("keys", "secrets", "roster")):
            box.fact(f"{kind}.applied", scope=scope, id=name, rev=rev)
    desk.take(box.batch(first))


def in_force(desk: Desk, box: FakeUnit) -> set[tuple[str, str, str, int]]:
    with desk.books.reading() as conn:
        scopes = units.one(conn, SITE, box.name).scopes
        return {(x.kind, x.scope, x.id, x.rev) for x in state.in_force(state.due(conn), scopes, desk.now)}


def tokens(desk: Desk, kind: Kind) -> dict[str, bytes]:
    mine = schema.state.c.kind == kind.value
    return {row.topic: row.token for row in desk.rows(select(schema.state).where(mine)) if row.token is not None}


def secrets_of(desk: Desk, box: FakeUnit) -> SealedSecrets:
    """As the unit opens them: signature first."""
    topic = f"doorward/1/{SITE}/down/unit/{box.name}/secrets"
    token, down = tokens(desk, Kind.SECRETS)[topic], parse_down(topic)
    assert down is not None
    ring = key_ring(bytes.fromhex(load_keys(desk.office.folder).root_public), load_keys(desk.office.folder).working)
    payload = verify(token, Kind.SECRETS, ring)
    assert isinstance(payload, dict)
    message = parse(Kind.SECRETS, SITE, down, payload)
    assert isinstance(message, Secrets)
    return open_secrets(sealing_key(box.key, SITE, box.name), SITE, message)


def hashes(desk: Desk) -> tuple[str, set[str]]:
    (token,) = tokens(desk, Kind.ROSTER).values()
    payload = unverified_payload(token)
    return payload["card_key"], {holder["key"] for holder in payload["holders"]}


def hashes_of(desk: Desk, scope: str) -> object:
    """The card key of the roster of a scope."""
    (token,) = (token for topic, token in tokens(desk, Kind.ROSTER).items() if f"/down/{scope}/" in topic)
    return unverified_payload(token)["card_key"]


def advance(desk: Desk) -> list[str]:
    return rotations.Rotor(desk.office.folder, desk.office.site, desk.books).advance(desk.now)


def online(desk: Desk, box: FakeUnit, login: str) -> None:
    desk.take(box.status(login=login))


def parse_roster(desk: Desk) -> Any:
    ((topic, token),) = tokens(desk, Kind.ROSTER).items()
    down = parse_down(topic)
    assert down is not None
    return parse(Kind.ROSTER, SITE, down, unverified_payload(token))


def current_ring(desk: Desk) -> KeyRing:
    """Of a unit that has the newest `keys`, root-signed."""
    ((topic, token),) = tokens(desk, Kind.KEYS).items()
    root = bytes.fromhex(load_keys(desk.office.folder).root_public)
    payload = verify(token, Kind.KEYS, key_ring(root, ()))
    assert isinstance(payload, dict)
    down = parse_down(topic)
    assert down is not None
    return key_ring(root, parse(Kind.KEYS, SITE, down, payload).keys)  # type: ignore[union-attr]
