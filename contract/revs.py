"""The list of revisions a unit has, on request (command `resync`): paged, each page signed by the unit. Pure; any bytes are safe to parse."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contract import codec
from contract.bounds import Id, Range, Signature, TextForm, WireName
from contract.commands import Reason
from contract.envelope import signed
from contract.frozen import frozen
from contract.refusal import Refusal, parsed
from contract.strict_json import dumps

Entry = tuple[str, str, str, int]
"""(kind, scope, id, rev)"""

PAGE_BYTES = 52 * 1024
"""Of the lines of a page; with their ends escaped and the rest of the message it stays below 60 KiB."""
MAX_PAGES = 1000
_REFUSED = "|refused"


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split("\n")) if text else ()


@frozen
class RevsPage:
    """Page `page` (1-based) of `pages` of the answer to the command `id`. `lines`: `scope|kind|id|rev`, and `|refused` behind what is not taken."""

    unit: Id
    id: Id
    """The command's."""
    page: Annotated[int, Range(1, MAX_PAGES)]
    pages: Annotated[int, Range(1, MAX_PAGES)]
    lines: Annotated[tuple[str, ...], WireName("list"), TextForm(_split, "\n".join, "text")]
    """A line feed between two."""
    sig: Signature = b""

    def faults(self) -> Iterator[str]:
        if self.page > self.pages:
            yield "pages: fewer than page"
        if not self.sig:
            yield "sig: missing"


def build_revs(
    private: Ed25519PrivateKey, site: str, unit: str, answers: str, have: Iterable[Entry], refused: Iterable[Entry]
) -> list[bytes]:
    """The messages of the whole list, at least one. `answers`: the command's id."""
    lines = [f"{scope}|{kind}|{name}|{rev}" for kind, scope, name, rev in have]
    lines += [f"{scope}|{kind}|{name}|{rev}{_REFUSED}" for kind, scope, name, rev in refused]
    bodies = list(_paged(lines)) or [()]
    return [_page(private, site, RevsPage(unit, answers, n, len(bodies), body)) for n, body in enumerate(bodies, 1)]


def _paged(lines: list[str]) -> Iterator[tuple[str, ...]]:
    body: list[str] = []
    size = 0
    for line in lines:
        size += len(line.encode()) + 1
        if body and size > PAGE_BYTES:
            yield tuple(body)
            body, size = [], len(line.encode()) + 1
        body.append(line)
    if body:
        yield tuple(body)


def _page(private: Ed25519PrivateKey, site: str, page: RevsPage) -> bytes:
    return dumps(codec.write(replace(page, sig=private.sign(_text(site, page)))))


def _text(site: str, page: RevsPage) -> bytes:
    body = hashlib.sha256("\n".join(page.lines).encode()).hexdigest()
    return f"doorward-revs-1|{site}|{page.unit}|{page.id}|{page.page}|{page.pages}|{body}".encode()


def parse_revs(data: bytes) -> RevsPage | Refusal:
    """Takes a page apart; checks nothing but its form."""
    return parsed(RevsPage, data, max_depth=1)


def check_revs(page: RevsPage, site: str, public: bytes) -> Refusal | None:
    """None where the signature holds."""
    if not signed(public, page.sig, _text(site, page)):
        return Refusal(Reason.BAD_SIGNATURE, "signature does not hold")
    return None


def entries(lines: Iterable[str]) -> tuple[set[Entry], set[Entry]]:
    """What is in force, and what is refused; lines of another form are passed over."""
    have: set[Entry] = set()
    refused: set[Entry] = set()
    for line in lines:
        scope, kind, name, rev, *mark = [*line.split("|"), "", "", ""][:5]
        if rev.isdecimal() and len(rev) <= 16:
            (refused if mark == ["refused"] else have).add((kind, scope, name, int(rev)))
    return have, refused
