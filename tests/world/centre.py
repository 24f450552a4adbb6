"""The centre and its books behind a broker that may lose, repeat and delay: takes nothing of a stranger, a batch only where it continues the chain, and confirms what it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.core import effects as fx
from contract.commands import Command
from contract.digest import digest
from contract.messages import Confirm, Notice, Settings
from contract.rounds import Round
from contract.scopes import Scope
from tests.world.disk import chained

UNIT = Scope("unit", "b12-u2")


@dataclass
class Centre:
    """`books` by (epoch, seq), `answer(confirm)` sends one down."""

    answer: Callable[[Confirm], None]
    books: dict[tuple[str, int], bytes] = field(default_factory=dict)
    heads: dict[tuple[str, int], str] = field(default_factory=dict)
    replies: list[fx.SendReply] = field(default_factory=list)
    commands: dict[str, Command] = field(default_factory=dict)
    notices: dict[str, Notice] = field(default_factory=dict)
    settings: Settings | None = None
    round: Round | None = None
    twice: int = 0
    enrolled: bool = False

    def seq(self, epoch: str) -> int:
        return max((seq for e, seq in self.books if e == epoch), default=0)

    def enrol(self) -> None:
        self.enrolled = True

    def take(self, batch: fx.SendBatch, utc: float) -> None:
        if not self.enrolled:
            return
        for seq, line in enumerate(batch.lines, start=batch.first):
            known = self.books.get((batch.epoch, seq))
            assert known in {None, line}, "a number was used for two facts"
            self.twice += known is not None
        here = self.seq(batch.epoch)
        if (
            batch.lines
            and batch.first <= here + 1
            and self.heads.get((batch.epoch, batch.first - 1), "00") == batch.prev
        ):
            head = batch.prev
            for seq, line in enumerate(batch.lines, start=batch.first):
                head = chained(head, line)
                self.books[batch.epoch, seq] = line
                self.heads[batch.epoch, seq] = head
            assert head == batch.head
        here = self.seq(batch.epoch)
        due = [("notice", str(n.scope), n.id, n.rev) for n in self.notices.values() if not n.withdrawn]
        if self.settings is not None:
            due.append(("settings", str(self.settings.scope), "", self.settings.rev))
        if self.round is not None:
            due.append(("round", str(self.round.scope), self.round.id, self.round.rev))
        head = self.heads.get((batch.epoch, here), "00")
        self.answer(Confirm(UNIT, utc, "b12-u2", batch.epoch, here, head, batch.batch, utc, digest(due)))
