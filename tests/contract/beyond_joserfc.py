"""What our verifier refuses although joserfc accepts it: each class by the detail of our refusal, and why it is refused.

The differential test fails on any refusal that is not listed here, and on any class that the mutations never reach.
"""

from __future__ import annotations

BEYOND: dict[str, str] = {
    "larger than 64 KiB": "the contract bounds every message",
    "this key may not sign command": "a key is good for named kinds only; a JOSE library knows no kinds",
    "header: typ is of another kind": "a message of one kind must not pass for another",
    "header: not exactly alg, typ, kid": "nothing else has a meaning here, so nothing else may be there (jku, x5c, b64, crit …)",
    "header: nested too deeply": "the three header values are text",
    "header: duplicate key": "two readers may see two different headers",
    "header: not UTF-8": "joserfc also reads UTF-16 and UTF-32; a header is JSON in UTF-8",
    "header: not JSON": "joserfc skips a byte order mark; one message, one way to write it",
    "payload: duplicate key": "two readers may see two different orders",
    "payload: not JSON": "a payload is a JSON object",
    "payload: not UTF-8": "a payload is a JSON object in UTF-8",
    "payload: not an object": "a payload is a JSON object",
    "payload: not a finite number": "NaN and Infinity are not JSON",
    "payload: number out of range": "no number of the contract needs more than a double holds",
    "payload: nested too deeply": "depth is bounded, so that no reader's stack is",
    "payload: lone surrogate": "text that is no Unicode cannot be journaled or shown",
}
