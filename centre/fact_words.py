"""What a fact says, as a sentence for a clerk: no names of the protocol in it. What units wrote in words of their own stands as it came."""

from __future__ import annotations

import json

from centre import sentences_doors, sentences_units, shown
from centre.sentences import SAYS, Sentence
from contract.chain import FactLine, parse_line
from contract.strict_json import StrictJsonError

_OWN = frozenset({"seq", "at", "clock", "boot", "mono", "kind"})
DECLARE = (sentences_doors, sentences_units)
"""Which modules say the kinds."""


def of_line(kind: str, line: bytes) -> Sentence:
    """Of a fact as the books have it. One that this version does not know, or that is not of the contract's form, is told by its kind and values."""
    try:
        read = parse_line(line)
        fact = read.fact if isinstance(read, FactLine) else None
    except StrictJsonError:
        fact = None
    say = None if fact is None else SAYS.get(type(fact))
    return _as_it_came(kind, line) if say is None or fact is None else say(fact)


def _as_it_came(kind: str, line: bytes) -> Sentence:
    try:
        values = json.loads(line)
    except ValueError:
        values = {}
    rest = " ".join(f"{shown.value(key)}={shown.value(each)}" for key, each in values.items() if key not in _OWN)
    return Sentence(f"{shown.plain(kind)} {rest}".rstrip())
