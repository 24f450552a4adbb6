"""The page of a box that has no configuration yet: what it lacks, and where that goes. Pure, as the pages of a configured one."""

from __future__ import annotations

from collections.abc import Mapping

from agent.core.controller import initial
from agent.core.effects import Page
from agent.core.pages import message_pages, say
from agent.core.plan import Catalogue, DisplayPlan, UnitPlan
from contract.frozen import frozen


@frozen
class Lacks:
    """`wrong`: there is a configuration, and it has mistakes. `enrolled`: there is an identity. `image`: files come by a partition that any computer writes."""

    wrong: bool
    enrolled: bool
    image: bool


def page(lacks: Lacks, display: DisplayPlan, catalogues: Mapping[str, Catalogue], language: str) -> tuple[Page, ...]:
    """Several pages where the display is small."""
    state = initial(UnitPlan("", "", "", (), "UTC", language, (), (), (), catalogues, ""))
    what = [say(state, "missing.config.wrong" if lacks.wrong else "missing.config")]
    what += [] if lacks.enrolled else [say(state, "missing.enrolment")]
    if lacks.wrong:
        what.append(say(state, "missing.mend" if lacks.image else "missing.check"))
    else:
        what.append(say(state, "missing.put" if lacks.image else "missing.setup"))
    return message_pages(state, display, "idle", "missing.files", {"what": "\n".join(what)}, "none")
