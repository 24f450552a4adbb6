"""What needs somebody now."""

from __future__ import annotations

from starlette.responses import Response

from centre import acknowledgements
from centre.console.page import Entry, Pages
from centre.console.visit import Visit
from centre.words import N_

PAGES = Pages(Entry("/", N_("Overview"), "overview", phone=True))


@PAGES.get("/")
def overview(visit: Visit) -> Response:
    return visit.page("overview.html", needs=_needs(visit))


@PAGES.get("/overview/needs")
def needs(visit: Visit) -> Response:
    return visit.page("overview_needs.html", needs=_needs(visit))


def _needs(visit: Visit) -> list[acknowledgements.ListedAlarm]:
    """Open alarms of the person's units; those of the centre itself only for whom the whole site is."""
    shown = visit.units | ({""} if visit.person.whole_site else frozenset())
    return [each for each in acknowledgements.listed(visit.centre) if (each.alarm.unit or "") in shown]
