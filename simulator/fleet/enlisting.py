"""Thousands of units put into a centre's books at once: what `unit add`, `unit enrolment` and the enrol message do one by one, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from centre import units
from centre.opened import OpenCentre
from centre.register import enrolment_of
from contract.scopes import Scope
from contract.topics import unit_scopes
from simulator.fleet.enlisted import Enlisted

BUILDING, YARD, GRID = 4, 20, 40
"""Units of each."""


def scopes_of(n: int) -> tuple[Scope, ...]:
    """Where unit `n` stands in a street like others: its own building, yard and grid, and the community of all."""
    return (
        Scope("community", "c1"),
        Scope("grid", f"g{n // GRID}"),
        Scope("yard", f"y{n // YARD}"),
        Scope("building", f"b{n // BUILDING}"),
    )


def enlist(
    centre: OpenCentre,
    count: int,
    now: float,
    *,
    pinned: bool = True,
    scopes: Callable[[int], Sequence[Scope]] = scopes_of,
) -> list[Enlisted]:
    """Units `u0` to `u<count - 1>`, in the books with their logins. `pinned`: their keys too, else they enrol themselves. The broker's files are to be written after it."""
    site = centre.site.site
    found = []
    with centre.books.changing() as conn:
        for n in range(count):
            name, given = f"u{n}", scopes(n)
            units.add(conn, site, name, f"unit {n}", given, now)
            password, token = units.new_login(conn, units.one(conn, site, name), now)
            key = Ed25519PrivateKey.generate()
            every = unit_scopes(site, name, given)
            found.append(Enlisted(enrolment_of(centre, centre.keys, name, password, token), key, every, pinned))
        if pinned:
            for name, (number, _) in units.open_tokens(conn).items():
                key = found[int(name[1:])].key
                units.pin(conn, name, key.public_key().public_bytes_raw(), number, now)
    return found
