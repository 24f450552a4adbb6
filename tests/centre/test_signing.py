"""What the centre signs is what the contract's strict verifier takes: the exact header, the right key for each kind."""

from __future__ import annotations

import json

import pytest
from joserfc.jws import extract_compact

from centre.errors import CentreError
from centre.keys import WORKING, CentreKeys, load_keys, load_root
from centre.signing import Signer
from contract.commands import Command, Open
from contract.envelope import Refusal, key_ring, verify
from contract.messages import Category, Kind, Notice, Settings
from contract.messages import Keys as KeysMessage
from contract.scopes import Scope
from contract.topics import down
from tests.centre.conftest import Desk

SITE = "badahu"
SCOPE = Scope("site", SITE)
NOTICE = Notice(SCOPE, "n1", 1, 1_790_000_000.0, Category.POLICY, "党的政策", "全文")
TOPIC = down(SITE, SCOPE, Kind.NOTICE, "n1")


@pytest.fixture
def keys(desk: Desk) -> CentreKeys:
    return load_keys(desk.office.folder)


def test_the_header_is_exact(desk: Desk) -> None:
    token = desk.office.signer.sign_state(TOPIC, NOTICE)
    assert extract_compact(token).headers() == {"alg": "EdDSA", "typ": "doorward-notice", "kid": "notice-1"}


def test_each_kind_has_its_own_key(keys: CentreKeys) -> None:
    ring = key_ring(bytes.fromhex(keys.root_public), keys.working)
    signer = Signer(SITE, keys)
    for kid, kind in WORKING.items():
        assert ring[kid].kinds == {kind}
    token = signer.sign(Kind.NOTICE, NOTICE)
    assert isinstance(verify(token, Kind.NOTICE, ring), dict)
    forged = Command(SITE, SCOPE, "c1", "u1", 1.0, 2.0, Open("main"), "a", "w")
    without = CentreKeys(
        tuple(k for k in keys.working if Kind.COMMAND not in k.kinds), keys.private, keys.root_public, {}, {}, {}
    )
    with pytest.raises(CentreError, match="no key here may sign a command"):
        Signer(SITE, without).sign(Kind.COMMAND, forged)


def test_the_root_signs_keys_only(desk: Desk, keys: CentreKeys) -> None:
    message = KeysMessage(SCOPE, 2, 1_790_000_000.0, keys.working)
    topic = down(SITE, SCOPE, Kind.KEYS)
    token = Signer(SITE, keys).sign_keys(load_root(desk.office.folder), topic, message)
    ring = key_ring(bytes.fromhex(keys.root_public), ())
    assert isinstance(verify(token, Kind.KEYS, ring), dict)
    assert isinstance(verify(token, Kind.NOTICE, ring), Refusal)


def test_two_keys_may_sign_commands(keys: CentreKeys) -> None:
    assert sum(Kind.COMMAND in key.kinds for key in keys.working) == 2


@pytest.mark.parametrize(
    ("topic", "message"),
    [
        (down(SITE, SCOPE, Kind.NOTICE, "n2"), NOTICE),
        (down(SITE, Scope("yard", "y1"), Kind.NOTICE, "n1"), NOTICE),
        (TOPIC, Notice(SCOPE, "n1", 1, 1.0, Category.POLICY, "", "no title")),
        (TOPIC, Notice(SCOPE, "n1", 0, 1.0, Category.POLICY, "t", "no revision")),
        (TOPIC, Notice(SCOPE, "n1", 1, 1.0, Category.POLICY, "t", "字" * 30_000)),
        (down(SITE, SCOPE, Kind.SETTINGS), Settings(SCOPE, 1, 1.0, timezone="Mars/Olympus")),
    ],
)
def test_what_no_unit_would_take_is_not_let_out(desk: Desk, topic: str, message: Notice | Settings) -> None:
    with pytest.raises(CentreError):
        desk.office.signer.sign_state(topic, message)


def test_a_key_that_is_not_the_published_one_is_told(desk: Desk) -> None:
    folder = desk.office.folder.keys
    (folder / "notice-1.pem").write_bytes((folder / "roster-1.pem").read_bytes())
    with pytest.raises(CentreError, match=r"not the key of public\.json") as told:
        load_keys(desk.office.folder)
    assert told.value.code == 78
    (folder / "notice-1.pem").write_text("nonsense")
    with pytest.raises(CentreError, match=r"notice-1\.pem"):
        load_keys(desk.office.folder)
    (folder / "public.json").write_text(json.dumps({"root": "00"}))
    with pytest.raises(CentreError, match="damaged"):
        load_keys(desk.office.folder)
