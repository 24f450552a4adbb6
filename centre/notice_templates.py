"""Texts to begin a notice from: those that every centre has, and the site's own. Owns the table notice_templates.

`{hours}` in a text stands for the hours that it is about: they are filled in as whoever writes it gives them.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, select

from centre import acts
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.opened import OpenCentre
from centre.schema_notices import notice_templates
from centre.words import N_, _
from contract.messages import Category

MOST = 100
"""Of a site's own."""
MAX_NAME, MAX_TITLE, MAX_TEXT = 40, 200, 20_000
HOURS = "{hours}"


@dataclass(frozen=True, slots=True)
class Template:
    """`name`: what it is called. `own`: the site's; those of every centre cannot be removed."""

    id: str
    name: str
    category: Category
    title: str
    text: str
    own: bool = False
    by: str = ""

    @property
    def has_hours(self) -> bool:
        return HOURS in self.title or HOURS in self.text


_BUILT_IN = (
    Template(
        "water",
        N_("Water off"),
        Category.SERVICE,
        N_("Water will be off"),
        N_("The water will be off {hours} for work on the pipes. Please store some, and keep your taps closed meanwhile."),
    ),
    Template(
        "power",
        N_("Power off"),
        Category.SERVICE,
        N_("Power will be off"),
        N_("The power will be off {hours} for work on the lines. Please do not use the lift around that time."),
    ),
    Template(
        "gas",
        N_("Gas off"),
        Category.SERVICE,
        N_("Gas will be off"),
        N_("The gas will be off {hours} for work on the pipes. Please close stove and valve, and use no gas before it is back."),
    ),
    Template(
        "lift",
        N_("Lift out of use"),
        Category.SERVICE,
        N_("Lift out of use"),
        N_("The lift is being serviced {hours}. Please take the stairs; if you need help, call your grid worker."),
    ),
    Template("policy", N_("Policy"), Category.POLICY, N_("A word on policy"), ""),
    Template(
        "fire",
        N_("Fire safety"),
        Category.REMINDER,
        N_("Keep the stairs free"),
        N_("Please park and charge no electric bikes in the stairwell and leave nothing there: it is the way out in a fire."),
    ),
    Template(
        "storm",
        N_("Storm warning"),
        Category.REMINDER,
        N_("Heavy rain and wind"),
        N_("Heavy rain and strong wind are expected {hours}. Please close your windows, take in what stands on balconies, and stay at home if you can."),
    ),
    Template(
        "gas_leak",
        N_("Gas leak"),
        Category.EMERGENCY,
        N_("Gas leak: leave the house"),
        N_("Gas may be leaking. Touch no switch, light no fire, and do not use the lift. Leave by the stairs, and call 119 once you are outside."),
    ),
)  # fmt: skip


def built_in() -> list[Template]:
    """In the language of who reads them."""
    return [
        Template(each.id, _(each.name), each.category, _(each.title), _(each.text) if each.text else "")
        for each in _BUILT_IN
    ]


def listed(centre: OpenCentre) -> list[Template]:
    """Those of every centre, then the site's own by name."""
    with centre.books.reading() as conn:
        rows = conn.execute(select(notice_templates).order_by(notice_templates.c.name, notice_templates.c.id)).all()
    own = [Template(row.id, row.name, Category(row.category), row.title, row.text, own=True, by=row.by) for row in rows]
    return [*built_in(), *own]


def save(centre: OpenCentre, wanted: Template, by: str, now: float) -> Template:
    """As a new one of the site's own; `wanted.id` is not looked at. Raises CentreError (wrong use)."""
    for field, text, most in (("name", wanted.name, MAX_NAME), ("title", wanted.title, MAX_TITLE)):
        if not text.strip() or len(text) > most or "\0" in text:
            raise BadValueError(field, _("1 to {most} characters").format(most=most))
    if len(wanted.text) > MAX_TEXT or "\0" in wanted.text:
        raise BadValueError("text", _("up to {most} characters").format(most=MAX_TEXT))
    row: dict[str, Any] = {
        "id": f"t-{secrets.token_hex(6)}",
        "name": wanted.name.strip(),
        "category": wanted.category.value,
    }
    row |= {"title": wanted.title, "text": wanted.text, "by": by, "made_utc": round(now, 3)}
    with centre.books.alone() as conn:
        if len(conn.execute(select(notice_templates.c.id)).all()) >= MOST:
            raise CentreError(_("there are {most} templates already: remove one").format(most=MOST), WRONG_USE)
        conn.execute(insert(notice_templates).values(**row))
        acts.note(conn, "template", row, now)
    return Template(row["id"], row["name"], wanted.category, wanted.title, wanted.text, own=True, by=by)


def remove(centre: OpenCentre, name: str, by: str, now: float | None = None) -> None:
    """One of the site's own. Raises CentreError (wrong use) where there is none of this id."""
    now = time.time() if now is None else now
    with centre.books.alone() as conn:
        if not conn.execute(delete(notice_templates).where(notice_templates.c.id == name)).rowcount:
            raise CentreError(_("{name}: no such template of the site's own").format(name=name), WRONG_USE)
        acts.note(conn, "template_removed", {"id": name, "by": by}, now)


def filled(text: str, from_utc: float | None, until_utc: float | None, zone: ZoneInfo) -> str:
    """With its hours; left as it is where they are not known yet."""
    if from_utc is None or until_utc is None:
        return text
    return text.replace(HOURS, hours(from_utc, until_utc, zone))


def hours(from_utc: float, until_utc: float, zone: ZoneInfo) -> str:
    """As on a notice: 11月27日 9:00–12:00; with both dates where they are two."""
    first, last = datetime.fromtimestamp(from_utc, zone), datetime.fromtimestamp(until_utc, zone)
    day, times = _("{month}/{day}"), "{:%H:%M}–{:%H:%M}"
    said = day.format(month=first.month, day=first.day)
    if first.date() == last.date():
        return f"{said} {times.format(first, last)}"
    return f"{said} {first:%H:%M} – {day.format(month=last.month, day=last.day)} {last:%H:%M}"
