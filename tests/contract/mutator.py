"""Makes broken envelopes from good ones, from a seed. Some are signed after they were broken, as a faulty or hostile key holder would."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Callable
from typing import Any

from contract.base64url import b64url
from contract.messages import Kind
from contract.parse import payload_of
from tests.contract import signing
from tests.contract.samples import SAMPLES, SITE

KIND = Kind.COMMAND
PAYLOAD = payload_of(SAMPLES[KIND], SITE)
HEADER = {"alg": "EdDSA", "typ": "doorward-command", "kid": "c1"}
Draw = random.Random


def compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def sealed(
    header: bytes | dict[str, Any] = HEADER, payload: bytes | dict[str, Any] = PAYLOAD, kid: str = "c1"
) -> bytes:
    raw = [part if isinstance(part, bytes) else compact(part) for part in (header, payload)]
    return signing.seal(raw[0], raw[1], signing.KEYS[kid])


def untouched(draw: Draw) -> bytes:
    return sealed(payload=PAYLOAD | {"why": str(draw.random())})


def bit_flip(draw: Draw) -> bytes:
    token = bytearray(sealed())
    for _ in range(draw.choice([1, 1, 1, 2, 8])):
        token[draw.randrange(len(token))] ^= 1 << draw.randrange(8)
    return bytes(token)


def field_swap(draw: Draw) -> bytes:
    """The values of two fields exchanged, under the old signature."""
    first, second = draw.sample(sorted(PAYLOAD), 2)
    swapped = PAYLOAD | {first: PAYLOAD[second], second: PAYLOAD[first]}
    head, _, signature = sealed().split(b".")
    return b".".join([head, b64url(compact(swapped)).encode(), signature])


def other_parts(draw: Draw) -> bytes:
    """Header, payload and signature of different good messages."""
    pool = [
        sealed().split(b"."),
        sealed(payload=PAYLOAD | {"exp": 9e9}).split(b"."),
        sealed(HEADER | {"kid": "n1"}, kid="n1").split(b"."),
    ]
    return b".".join(draw.choice(pool)[place] for place in range(3))


def duplicate_key(draw: Draw) -> bytes:
    key = draw.choice(["alg", "typ", "kid"])
    other = draw.choice(["none", "HS256", "n1", "doorward-notice", HEADER[key]])
    pairs = [*HEADER.items(), (key, other)]
    draw.shuffle(pairs)
    text = "{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs) + "}"
    return sealed(text.encode())


def duplicate_payload_key(draw: Draw) -> bytes:
    key = draw.choice(sorted(PAYLOAD))
    name = draw.choice([key, "".join(f"\\u{ord(letter):04x}" for letter in key)])
    return sealed(payload=compact(PAYLOAD)[:-1] + f',"{name}":1}}'.encode())


def other_alg(draw: Draw) -> bytes:
    return sealed(
        HEADER | {"alg": draw.choice(["none", "HS256", "ES256", "Ed25519", "eddsa", "EdDSA ", "", None, 1, ["EdDSA"]])}
    )


def hmac_with_public_key(draw: Draw) -> bytes:
    """The classic: HS256 with the public key as the secret."""
    public = signing.COMMANDS.public_key().public_bytes_raw()
    secret = draw.choice([public, public.hex().encode(), b64url(public).encode()])
    text = f"{b64url(compact(HEADER | {'alg': 'HS256'}))}.{b64url(compact(PAYLOAD))}".encode()
    return text + b"." + b64url(hmac.digest(secret, text, hashlib.sha256)).encode()


def unsigned(draw: Draw) -> bytes:
    header = draw.choice([HEADER, HEADER | {"alg": "none"}])
    return f"{b64url(compact(header))}.{b64url(compact(PAYLOAD))}.{draw.choice(['', 'A', 'A' * 86])}".encode()


def kid_trick(draw: Draw) -> bytes:
    kid = draw.choice(
        [
            "n1",
            "root",
            "c9",
            "",
            "c1 ",
            " c1",
            "C1",
            "c1\x00",
            "c1/../n1",
            "../../etc/passwd",
            1,
            None,
            ["c1"],
            {"kid": "c1"},
            "c" * 300,
            "с1",
        ]
    )
    return sealed(HEADER | {"kid": kid}, kid=draw.choice(["c1", "n1", "root"]))


def more_header(draw: Draw) -> bytes:
    more: dict[str, Any] = draw.choice(
        [{"crit": ["exp"]}, {"b64": False, "crit": ["b64"]}, {"b64": True}, {"jku": "https://x"}, {"jwk": {"kty": "OKP"}}, {"x5c": ["x"]},
         {"cty": "json"}, {"exp": 1}, {"": ""}, {"zip": "DEF"}]
    )  # fmt: skip
    return sealed(HEADER | more)


def less_header(draw: Draw) -> bytes:
    gone = draw.choice(["alg", "typ", "kid"])
    return sealed({name: value for name, value in HEADER.items() if name != gone})


def other_typ(draw: Draw) -> bytes:
    return sealed(
        HEADER
        | {"typ": draw.choice(["doorward-notice", "JWT", "doorward-command ", "DOORWARD-COMMAND", "command", 1, None])}
    )


def unicode_trick(draw: Draw) -> bytes:
    payload = draw.choice(
        [b'{"why":"\\ud800"}', b'{"why":"\xed\xa0\x80"}', b'{"why":"\xc0\xaf"}', b"\xef\xbb\xbf{}", '{"a":1}'.encode("utf-16"), '{"a":1}'.encode("utf-32"),
         '{"wh\u200by":1}'.encode(), b'{"why":"\\u0000"}', b'{"why":"\x00"}', b'{"why":"\xf4\x90\x80\x80"}', '{"ｗｈｙ":1}'.encode()]
    )  # fmt: skip
    return sealed(payload=payload)


def unicode_header(draw: Draw) -> bytes:
    header = draw.choice(
        [b"\xef\xbb\xbf" + compact(HEADER), compact(HEADER).decode().encode("utf-16"), compact(HEADER).replace(b"c1", b"c1\xff"),
         compact(HEADER).replace(b"kid", b"\\u006bid"), compact(HEADER).replace(b"c1", b"\\ud800")]
    )  # fmt: skip
    return sealed(header)


def deep(draw: Draw) -> bytes:
    depth = draw.choice([3, 11, 12, 13, 50, 900, 20_000])
    opening, closing = draw.choice([(b"[", b"]"), (b'{"a":', b"}")])
    nested = b'{"a":' + opening * depth + b"1" + closing * depth + b"}"
    return sealed(nested) if draw.random() < 0.3 else sealed(payload=nested)


def odd_json(draw: Draw) -> bytes:
    payload = draw.choice(
        [b"[]", b"1", b'"text"', b"null", b"", b" ", b"{", b"{}{}", b"{'a':1}", b'{"a":01}', b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":1e999}',
         b'{"a":' + b"9" * 5000 + b"}", b'{"a":1,}', b'{"a":1}\x00', b"\x00{}", b"{}\n", b'{"a":"\n"}', b'{"a":/*x*/1}', b"open the door"]
    )  # fmt: skip
    return sealed(payload=payload)


def padding(draw: Draw) -> bytes:
    parts = sealed(payload=PAYLOAD | {"why": "x" * draw.randrange(4)}).split(b".")
    place = draw.randrange(3)
    parts[place] += b"=" * draw.choice([1, 2, 3, -len(parts[place]) % 4])
    return b".".join(parts)


def stray_bits(draw: Draw) -> bytes:
    """The last character with other bits than its bytes need; signed so, where that part is signed."""
    place = draw.randrange(3)
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    parts = sealed(payload=PAYLOAD | {"why": "x" * draw.randrange(4)}).split(b".")
    bits = {2: 4, 3: 2}.get(len(parts[place]) % 4, 0)
    if bits:
        last = alphabet.index(parts[place][-1:]) & ~((1 << bits) - 1)
        parts[place] = parts[place][:-1] + alphabet[last + draw.randrange(1, 1 << bits) :][:1]
    if place < 2:
        text = parts[0] + b"." + parts[1]
        parts[2] = base64.urlsafe_b64encode(signing.COMMANDS.sign(text)).rstrip(b"=")
    return b".".join(parts)


def white_space(draw: Draw) -> bytes:
    token = sealed()
    place = draw.choice([0, len(token), draw.randrange(len(token))])
    return token[:place] + draw.choice([b" ", b"\n", b"\r\n", b"\t", b"\x00", "\u00a0".encode()]) + token[place:]


def cut_or_glued(draw: Draw) -> bytes:
    token = sealed()
    choice = draw.randrange(4)
    if choice == 0:
        return token[: draw.randrange(len(token))]
    if choice == 1:
        return token + b"." + token
    if choice == 2:
        return token.replace(b".", b"", 1)
    return b"." * draw.randrange(6)


def too_long(draw: Draw) -> bytes:
    return sealed(payload=PAYLOAD | {"why": "x" * draw.choice([50_000, 70_000])})


def long_header(draw: Draw) -> bytes:
    return sealed(compact(HEADER)[:-1] + b" " * draw.choice([10, 2000]) + b"}")


def noise(draw: Draw) -> bytes:
    return draw.randbytes(draw.randrange(300))


MUTATIONS: tuple[Callable[[Draw], bytes], ...] = (
    untouched, bit_flip, field_swap, other_parts, duplicate_key, duplicate_payload_key, other_alg, hmac_with_public_key, unsigned,
    kid_trick, more_header, less_header, other_typ, unicode_trick, unicode_header, deep, odd_json, padding, stray_bits, white_space,
    cut_or_glued, too_long, long_header, noise,
)  # fmt: skip


def envelope(draw: Draw) -> tuple[str, bytes]:
    """The name of a mutation and what it made."""
    mutation = draw.choice(MUTATIONS)
    return mutation.__name__, mutation(draw)
