"""P13: a roster of 20,000 holders comes while cards are read, and how long a card is looked up among so many."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

from benchmarks.figures import Figure, Row, ms, spread
from benchmarks.p1_card_to_order import tap_cards
from benchmarks.site import Site
from contract.messages import Holder
from simulator.demo.waiting import until

HOLDERS, QUICK_HOLDERS = 20_000, 2_000
"""In all, those among them whose cards are tapped meanwhile: it is the most that a unit takes."""
TAPPED = 50
CARDS, QUICK_CARDS = 300, 60
LOOK_UPS = 200_000
FIRST_CARD = 5_000_000
"""Of the many; those that are tapped meanwhile are others."""


def measure(quick: bool = False) -> Row:
    holders, cards = (QUICK_HOLDERS, QUICK_CARDS) if quick else (HOLDERS, CARDS)
    with Site(TAPPED) as site:
        site.settle()
        figures = _comes(site, holders - TAPPED, cards)
    return Row(
        "P13",
        "roster of 20,000 holders: parts in → in force; card look-up",
        GOAL,
        (*figures, _look_up(holders)),
        REMARKS,
    )


GOAL = "≤ 2 s, no decision waits over 5 ms; look-up ≤ 2 µs"
REMARKS = (
    "From the first part that the agent's link hands over to the moment the core has all holders, centre and broker on the same two cores.",
    "Cards are tapped every 40 to 70 ms all the while, as in P1; the centre's hashing and signing of the roster is among it.",
    "A look-up finds a card's holder among all by its hash.",
)


def _comes(site: Site, holders: int, cards: int) -> tuple[Figure, Figure]:
    file = _csv(site.folder, holders)
    put = threading.Timer(
        1.0, lambda: site.bureau.do("roster", "put", "--yes", "many", str(file), "--scope", "building/b12")
    )
    put.start()
    waits = tap_cards(site, cards)
    put.join()
    whole = until(
        "the roster is in force",
        lambda: next((mark for mark in site.marks("holders") if int(mark.values[0]) > holders), None),
        60.0,
    )
    assert whole is not None
    took = whole.at - min(mark.at for mark in site.marks("part") if mark.values[0] == "many")
    name = f"{holders + TAPPED:,} holders, first part → in force"
    return (
        Figure(name, ms(took * 1000), {"ms": took * 1000}),
        spread("card → order meanwhile", waits),
    )


def _csv(folder: Path, holders: int) -> Path:
    file = folder / "many.csv"
    rows = [f"m-{n},resident,{FIRST_CARD + n:010d},{n % 3000 + 101}" for n in range(holders)]
    file.write_text("\n".join(["id,role,card,room", *rows, ""]), encoding="utf-8")
    return file


def _look_up(holders: int) -> Figure:
    dice = random.Random(1)
    by_key = {f"{dice.getrandbits(128):032x}": (Holder(f"h{n}"),) for n in range(holders)}
    asked = [(key,) for key in dice.choices(list(by_key), k=LOOK_UPS)]
    began = time.perf_counter()
    for hashes in asked:
        tuple(entry for key in hashes for entry in by_key.get(key, ()))
    found_us = (time.perf_counter() - began) / LOOK_UPS * 1e6
    return Figure(f"look-up among {holders:,} holders", f"{found_us:.2f} µs", {"look_up_us": found_us})
