"""`centre holder`, `centre org`: who a card or an id is; taking somebody, or a whole organisation, out of every roster; having units forget somebody."""

from __future__ import annotations

import dataclasses
import getpass
import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

from centre import erasures, holder_desk, known, order_words, roster_changes, shown, written_about
from centre.card_reading import CardReading
from centre.cli.context import CliContext, json_option, yes_option
from centre.errors import WRONG_USE, CentreError
from centre.holder_desk import RosterEntry
from centre.names import named
from centre.orders import Outcome
from centre.roster_changes import LineChange
from centre.rosters_in_place import Left
from centre.words import _
from contract import codec
from contract.commands import READ_CARD_S
from contract.plain import Reply
from contract.topics import valid_id

F = TypeVar("F", bound=Callable[..., Any])


def _act(command: F) -> F:
    """The options of what is an act of the centre."""
    command = click.option("--why", default="", help="Why; kept in the books.")(command)
    return click.option(
        "--by", default=getpass.getuser, show_default="your login", help="Who does it; kept in the books."
    )(command)


@click.group()
def holder() -> None:
    """Holders: who a card is, a lost card, taking somebody out for good."""


@holder.command()
@click.argument("card_or_id", metavar="CARD|ID")
@json_option("One object a line.")
@click.pass_obj
def show(office: CliContext, card_or_id: str, as_json: bool) -> None:
    """In which rosters, at which doors, since when. A card as printed: 0012345678, 188,24910 or 00BC614E; it is hashed here, and kept nowhere."""
    for entry in holder_desk.find(office, card_or_id):
        click.echo(shown.as_json(as_value(entry)) if as_json else shown.plain(entry_line(office, entry)))


@holder.command()
@click.argument("card_or_id", metavar="CARD|ID")
@_act
@click.pass_obj
def revoke(office: CliContext, card_or_id: str, by: str, why: str) -> None:
    """Take a card, or all cards of an id, out of every roster at once: a lost card is one command."""
    _done(office, holder_desk.revoke(office, card_or_id, by, why, time.time()))


@holder.command()
@click.argument("name", metavar="ID")
@_act
@click.option(
    "--report", "reports", multiple=True, help="Also what was written about this report: `holder texts` finds it."
)
@yes_option
@click.pass_obj
def erase(office: CliContext, name: str, by: str, why: str, reports: tuple[str, ...], yes: bool) -> None:
    """Take a holder out of every roster, and have every unit remove what it keeps of them; `serve` asks each until it has.

    What was written and photographed here about the reports that they filed is taken out, too. Facts keep the opaque id, and a report's room:
    they are chained. Nothing else of the holder stays at a unit.
    """
    with office.books.reading() as conn:
        there, gone = known.holders(conn, office.site.site), known.revoked_holders(conn)
    if name not in there | gone and valid_id(name):
        office.ask(_("{name}: in no roster").format(name=name), name, sorted(there), yes=yes)
    done = holder_desk.erase(office, name, by, why, time.time(), reports)
    _done(office, list(done.left))
    text = _("{count} units are asked to forget {name}; `holder erasures` tells which have")
    click.echo(text.format(count=done.units, name=name))
    text = _("{texts} texts and {photos} photos were taken out here")
    click.echo(text.format(texts=done.texts, photos=done.photos))


@holder.command("texts")
@click.argument("words", nargs=-1, required=True)
@json_option("One object a line.")
@click.pass_obj
def find_texts(office: CliContext, words: tuple[str, ...], as_json: bool) -> None:
    """Reports of which something was written that has one of these words, as a name or a room: for `holder erase --report`."""
    with office.books.reading() as conn:
        found = written_about.naming(conn, words)
    for each in found:
        if as_json:
            click.echo(shown.as_json(dataclasses.asdict(each)))
            continue
        line = _("{report}  {unit}  {photos} photos  {text}")
        text = line.format(report=each.report, unit=each.unit, photos=each.photos, text=" / ".join(each.texts))
        click.echo(shown.plain(text))


@holder.command("erasures")
@json_option("One object a line.")
@click.pass_obj
def list_erasures(office: CliContext, as_json: bool) -> None:
    """Holders that units were asked to forget, and which have."""
    with office.books.writing() as conn:
        erasures.note_done(conn, time.time())
    with office.books.reading() as conn:
        found = erasures.listed(conn)
    for each in found:
        if as_json:
            click.echo(shown.as_json(dataclasses.asdict(each)))
            continue
        waiting = _("; not yet: {units}").format(units=", ".join(each.waiting)) if each.waiting else ""
        text = _("{at}  {holder}  by {by}: {done} of {count} units{waiting}")
        count = len(each.done) + len(each.waiting)
        at = office.local(each.asked_utc)
        line = text.format(at=at, holder=each.holder, by=each.by, done=len(each.done), count=count, waiting=waiting)
        click.echo(shown.plain(line))


@holder.command("read-card")
@click.argument("name", metavar="ID")
@click.option("--scope", required=True, help="Of the roster: LEVEL/ID.")
@click.option("--roster", required=True, help="Which roster ID is in.")
@click.option("--unit", "unit_id", required=True, help="At which unit the card is shown.")
@click.option("--reader", required=True, help="At which of its readers, as its configuration calls it.")
@click.option("--seconds", type=click.IntRange(10, READ_CARD_S), default=READ_CARD_S, help="How long it is waited for.")
@_act
@yes_option
@click.pass_obj
def read_card(
    office: CliContext,
    name: str,
    scope: str,
    roster: str,
    unit_id: str,
    reader: str,
    seconds: int,
    by: str,
    why: str,
    yes: bool,
) -> None:
    """A further card for holder ID, by holding it to a reader: the next card shown there opens nothing and is read. Its number is told to nobody.

    Exit code: 0 it is in the roster, 3 refused or nobody showed one, 4 no answer.
    """
    card = CardReading(office, unit_id, reader, by, seconds=seconds)
    for step in card.steps(why or _("a card for a list")):
        if isinstance(step, Reply):
            click.echo(shown.plain(order_words.step(card.order, step).words))
        elif step.outcome is not Outcome.DONE:
            click.echo(shown.plain(f"centre: {order_words.end(card.order, step, office.local).title}"), err=True)
            click.get_current_context().exit(3 if step.outcome is Outcome.REFUSED else 4)
    number = card.number_for(name)
    held = card.held()
    assert held is not None
    text = _("the screen there says {check}: whoever stands there can tell you whether this is their card")
    click.echo(text.format(check=held.check))
    if not yes and not click.confirm(_("Give this card to {holder}?").format(holder=name), err=True):
        raise CentreError(_("nothing was changed"), WRONG_USE)
    rev = roster_changes.add_card(office, LineChange(scope, roster, by), name, number, time.time())
    click.echo(_("roster {id} of {scope} rev {rev}: one card more").format(id=roster, scope=scope, rev=rev))
    office.publish()


@click.group()
def org() -> None:
    """Organisations whose people come and go: couriers, carers. `org` of a roster names them."""


@org.command("list")
@json_option("One object a line.")
@click.pass_obj
def list_orgs(office: CliContext, as_json: bool) -> None:
    """Each with how many people hold cards, in which rosters, until when."""
    for each in holder_desk.organisations(office):
        if as_json:
            click.echo(shown.as_json(dataclasses.asdict(each)))
            continue
        text = _("{id}  {count} people  until {until}  {rosters}")
        until = office.local(each.until_utc)
        line = text.format(id=each.id, count=each.holders, until=until, rosters=", ".join(each.rosters))
        click.echo(shown.plain(line))


@org.command("revoke")
@click.argument("name", metavar="ORG")
@_act
@click.pass_obj
def revoke_org(office: CliContext, name: str, by: str, why: str) -> None:
    """Take all people of an organisation out of every roster at once."""
    _done(office, holder_desk.revoke_org(office, name, by, why, time.time()))


def _done(office: CliContext, left: list[Left]) -> None:
    for each in left:
        text = _("roster {id} of {scope} rev {rev}: {count} entries less")
        click.echo(shown.plain(text.format(id=each.id, scope=each.scope, rev=each.rev, count=each.count)))
        if not each.kept:
            text = _(
                "centre: {id} of {scope} was put by another hand, without numbers: take them out of its list there, too"
            )
            click.echo(shown.plain(text.format(id=each.id, scope=each.scope)), err=True)
    if left:
        office.publish()


def entry_line(office: CliContext, entry: RosterEntry) -> str:
    """For a person."""
    mine = entry.holder
    parts = [mine.id, named(mine.role.value), f"{entry.scope} {entry.roster}"]
    parts += [] if mine.org is None else [_("of {org}").format(org=mine.org)]
    parts += [] if mine.room is None else [_("room {room}").format(room=mine.room)]
    parts.append(
        _("all doors") if mine.doors is None else _("doors {doors}").format(doors=" ".join(sorted(mine.doors)))
    )
    since = entry.made_utc if mine.from_utc is None else mine.from_utc
    parts.append(_("since {since}").format(since=office.local(since)))
    parts += [] if mine.until_utc is None else [_("until {until}").format(until=office.local(mine.until_utc))]
    parts += [] if not mine.flags else [_("flags {flags}").format(flags=" ".join(sorted(mine.flags)))]
    parts += [_("PIN after the card")] if mine.pin_required else []
    parts.append(_("has a PIN") if mine.pin is not None else _("no PIN"))
    parts += [] if entry.kept else [_("its number is not kept here")]
    return "  ".join(parts)


def as_value(entry: RosterEntry) -> dict[str, Any]:
    """For programs: as the roster has it, but for the hashes."""
    mine = dataclasses.replace(entry.holder, key=None, pin=None, duress=None, hours=None)
    where = {"scope": entry.scope, "roster": entry.roster, "rev": entry.rev, "made_utc": entry.made_utc}
    return {**where, "kept": entry.kept, "has_pin": entry.holder.pin is not None, **codec.write(mine)}
