"""A platform of your own: enrols a unit, gives it a roster and a notice, opens its door and reads its chain of facts.

Written from docs/contract.md alone. `python own_platform.py HOST PORT FOLDER` writes FOLDER/unit.json; give that to `doorward enrol`
on the unit whose configuration names this site and unit, and start it: the rest follows by itself.
"""

import base64
import hashlib
import hmac
import json
import secrets
import sys
import time
from pathlib import Path

import paho.mqtt.client as mqtt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SITE, UNIT, DOOR, CARD = "example", "b1-u1", "main", "BC614E"
CENTRE, UP, DOWN = (f"doorward/1/{SITE}/{end}" for end in ("centre", f"up/{UNIT}", f"down/unit/{UNIT}"))
KINDS = ["notice", "roster", "settings", "command", "confirm"]
root, working = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
token, card_key = secrets.token_bytes(32), secrets.token_bytes(32)
state = [f"unit/{UNIT}|notice|welcome|1\n", f"unit/{UNIT}|roster|residents|1\n"]
unit_keys: list[Ed25519PublicKey] = []
chains: dict[str, tuple[int, bytes]] = {}  # by epoch: the last number, and the chain's hash after it
seen: set[str] = set()


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def check(sig: str, text: str) -> None:
    unit_keys[0].verify(base64.urlsafe_b64decode(sig + "=="), text.encode())


def compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def signed(kind: str, **fields: object) -> str:
    head = b64(compact({"alg": "EdDSA", "typ": f"doorward-{kind}", "kid": "p1"}))
    body = b64(compact({"site": SITE, "scope": f"unit/{UNIT}", "iat": time.time(), **fields}))
    return f"{head}.{body}.{b64(working.sign(f'{head}.{body}'.encode()))}"


def enrolment(broker: str) -> bytes:
    keys = [{"kid": "p1", "public": working.public_key().public_bytes_raw().hex(), "kinds": KINDS}]
    known = {"format": "doorward-enrolment-1", "site": SITE, "unit": UNIT, "broker": broker, "password": "example"}
    known |= {"root_key": root.public_key().public_bytes_raw().hex(), "token": token.hex()}
    return compact(known | {"working_keys": keys, "card_keys": {"k1": card_key.hex()}, "pin_keys": {}})


def enrol(message: dict[str, str]) -> None:
    text = f"doorward-enrol-1|{SITE}|{UNIT}|{message['public']}".encode()
    if hmac.compare_digest(hmac.digest(token, text, "sha256").hex(), message["hmac"]):
        unit_keys[:] = [Ed25519PublicKey.from_public_bytes(bytes.fromhex(message["public"]))]


def facts(client: mqtt.Client, payload: bytes) -> None:
    """Checks signature and chain, takes what is new, and confirms it with the time."""
    first, *lines = payload.removesuffix(b"\n").split(b"\n")
    h = json.loads(first)
    text = "|".join(str(h[key]) for key in ("epoch", "batch", "first", "last", "prev", "head"))
    check(h["sig"], f"doorward-facts-1|{SITE}|{UNIT}|{text}")
    link = bytes.fromhex(h["prev"])
    for number, line in enumerate(lines, h["first"]):
        link = hashlib.sha256(link + line).digest()
        if number > chains.get(h["epoch"], (0, b""))[0]:
            print(line.decode(), flush=True)
            seen.add(json.loads(line)["kind"])
            chains[h["epoch"]] = number, link
    assert link.hex() == h["head"], "the chain does not hold"
    seq, head = chains.get(h["epoch"], (0, link))
    answer = {"unit": UNIT, "epoch": h["epoch"], "seq": seq, "head": head.hex(), "batch": h["batch"]}
    answer |= {"now": time.time(), "digest": sha256("".join(state))}
    client.publish(f"{DOWN}/confirm", signed("confirm", **answer), 1)


def reply(said: dict[str, str]) -> None:
    """A step of the command's course, where the unit signed it."""
    text = "|".join(said.get(key, "") for key in ("id", "state", "at", "reason", "door"))
    check(said["sig"], f"doorward-reply-1|{SITE}|{UNIT}|{text}|{sha256(said.get('detail', ''))}")
    seen.add(f"reply {said['state']}")


def until(*kinds: str) -> None:
    while not seen.issuperset(kinds):
        time.sleep(0.05)


host, port, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
(folder / "unit.json").write_bytes(enrolment(f"mqtt://{host}:{port}"))
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "platform")
client.message_callback_add(f"{UP}/enrol", lambda *came: enrol(json.loads(came[2].payload)))
client.message_callback_add(f"{UP}/facts", lambda *came: unit_keys and facts(client, came[2].payload))
client.message_callback_add(f"{UP}/reply", lambda *came: unit_keys and reply(json.loads(came[2].payload)))
client.connect(host, port)
client.subscribe(f"{UP}/#", 1)
key = hmac.digest(card_key, CARD.encode(), "sha256")[:16].hex()
roster = {"part": 1, "parts": 1, "card_key": "k1", "holders": [{"id": "h1", "role": "resident", "key": key}]}
client.publish(f"{DOWN}/roster/residents/1", signed("roster", id="residents", rev=1, **roster), 1, True)
notice = {"category": "service", "title": "Welcome", "text": "This door has a new platform."}
client.publish(f"{DOWN}/notice/welcome", signed("notice", id="welcome", rev=1, **notice), 1, True)
client.publish(CENTRE, compact({"online": True, "since": time.time()}), 1, True)
client.loop_start()
until("clock.changed", "roster.applied", "notice.received")
order = {"unit": UNIT, "action": "open", "args": {"door": DOOR}, "actor": "example", "why": "a first opening"}
client.publish(f"{DOWN}/command", signed("command", id=secrets.token_hex(8), exp=time.time() + 20, **order), 1)
until("access.granted", "command.done", "reply accepted", "reply done")
