"""Several at the same books at once, for tests: threads, and centres and intakes with connections of their own."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable

from centre.cli.context import CliContext
from centre.intake import Intake, IntakeOutcome
from centre.leases import Leases
from tests.centre.conftest import Desk
from tests.centre.unit import SITE, FakeUnit

MANY = 8


def at_once(actions: list[Callable[[], object]]) -> list[BaseException]:
    """Started together; what they raised."""
    faults: list[BaseException] = []
    start = threading.Barrier(len(actions))

    def run(action: Callable[[], object]) -> None:
        start.wait()
        try:
            action()
        except BaseException as error:  # noqa: BLE001
            faults.append(error)

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults


def opened(desk: Desk) -> list[CliContext]:
    """As processes of their own see it: own books, own connection."""
    centres = [CliContext(desk.path) for _ in range(MANY)]
    for each in centres:
        assert each.books
        assert each.signer
    return centres


class Taker:
    """An intake with its leases, as a `serve` has them."""

    def __init__(self, desk: Desk) -> None:
        self.books = CliContext(desk.path).books
        self.leases = Leases(self.books, SITE, secrets.token_hex(4))
        self.intake = Intake(self.books, SITE, lambda: desk.now, self.leases)

    def settle(self) -> int:
        if self.leases.settle():
            self.intake.forget()
        return len(self.leases.held)

    def take(self, unit: FakeUnit, first: int) -> IntakeOutcome:
        assert self.leases.has(unit.name)
        return self.intake.take([unit.batch(first)])

    def close(self) -> None:
        self.leases.close()
        self.books.close()


def settled(takers: list[Taker]) -> list[int]:
    for _ in range(4):
        counts = [each.settle() for each in takers]
    return counts
