"""What people say at the door: reports, orders of services, answers to questions."""

from __future__ import annotations

from typing import Annotated

from contract.bounds import Id, Length, Range, Revision
from contract.facts.declaration import Fact, Keep, ScopeName, kind
from contract.people import Code

Room = Annotated[str, Length(1, 32)]


@kind("report.filed", Keep.MOST)
class ReportFiled(Fact):
    """`report`: its id, random. `code` by the settings; `by`: the holder, whose `room` stands beside where there is one."""

    report: Id
    code: Code
    by: Id
    room: Room | None
    door: Id


@kind("ask.answered")
class AskAnswered(Fact):
    """`value`: 1 to 5 of a rating, or the number of a poll's option. `by` and `room`: who answered; none where anyone may.

    A later one of the same holder, or of the same room of a unit, takes the place of an earlier one.
    """

    notice: Id
    scope: ScopeName
    rev: Revision
    value: Annotated[int, Range(1, 9)]
    by: Id | None
    room: Room | None
    door: Id
