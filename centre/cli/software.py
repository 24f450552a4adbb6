"""`centre software`: bundles of units' software, and a version rolled out to the units of a scope."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from centre import bundles, roll_report, rolls, shown
from centre.cli.context import CliContext, json_option, said, yes_option
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.names import named
from centre.roll_report import Missing, RollReport, WaveReport
from centre.rolls import Plan, Roll
from centre.units import parse_scope
from centre.waves import DEFAULT, Waves
from centre.words import _
from contract.scopes import Scope
from contract.software import Form

F = TypeVar("F", bound=Callable[..., Any])
SHOWN = 50
"""Units told one by one."""
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

_by = click.option("--by", default=getpass.getuser, show_default="your login", help="Who does it; kept in the books.")
_why = click.option("--why", required=True, callback=said, help="Why; kept in the books.")
_version = click.argument("version")
_form = click.option(
    "--form", type=click.Choice([each.value for each in Form]), help="Where a version is here as both: deb or rauc."
)


@click.group()
def software() -> None:
    """Software of units: bundles that are here, and a version rolled out wave by wave.

    Units fetch from `centre files`, which runs beside `serve`; `serve` hands the version to one wave after the other.
    """


@software.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--version", help="Of a .raucb, which does not say it; a .deb says its own.")
@_by
@click.pass_obj
def add(office: CliContext, file: Path, version: str | None, by: str) -> None:
    """Take FILE (.deb or .raucb) into the folder. No unit is told of it yet."""
    made = bundles.add(office, file, version, by, time.time())
    line = _("added {version} {form}, {size} bytes, sha256 {sha256}")
    words = {"version": made.version, "form": made.form.value, "size": made.size, "sha256": made.sha256}
    click.echo(shown.plain(line.format(**words)))


@software.command("list")
@json_option("One object a line.")
@click.pass_obj
def list_bundles(office: CliContext, as_json: bool) -> None:
    """Bundles that are here."""
    for each in bundles.listed(office):
        value = {"version": each.version, "form": each.form.value, "size": each.size, "sha256": each.sha256}
        if as_json:
            click.echo(shown.as_json(value | {"added": each.added_utc, "there": each.there}))
            continue
        gone = "" if each.there else _("  FILE GONE: add it again")
        line = _("{version}  {form}  {size} bytes  added {added}  {sha256}")
        click.echo(shown.plain(line.format(**value, added=office.local(each.added_utc)) + gone))


@software.command()
@_version
@_form
@_by
@click.pass_obj
def remove(office: CliContext, version: str, form: str | None, by: str) -> None:
    """Delete a bundle's file. Not while it is rolled out, nor while units are to run it."""
    bundles.remove(office, version, _form_of(form), by, time.time())
    click.echo(_("removed {version}").format(version=version))


@software.command()
@_version
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file: NAME.doorward.")
@click.option("--scope", help="For units of this scope only: LEVEL/ID (default: the whole site).")
@_form
@_by
@click.pass_obj
def pack(office: CliContext, version: str, out: Path, scope: str | None, form: str | None, by: str) -> None:
    """Write one file for `doorward update` at a box: the bundle, and the signed word that units of the scope may run it."""
    site = office.site.site
    where = Scope("site", site) if scope is None else parse_scope(scope, site)
    click.echo(str(bundles.pack(office, version, _form_of(form), where, out, by, time.time())))


@software.command()
@_version
@click.option("--scope", required=True, help="To which units: LEVEL/ID, for example site/badahu or grid/g5.")
@click.option(
    "--waves",
    default=DEFAULT,
    show_default=True,
    help="How many units each wave has, as a number or a share of all; the last is `all`.",
)
@click.option(
    "--soak", default="30m", show_default=True, help="How long to wait once a wave is ready: 30m, 2h, 1d, 0s."
)
@_form
@_by
@_why
@yes_option
@click.pass_obj
def roll(
    office: CliContext, version: str, scope: str, waves: str, soak: str, form: str | None, by: str, why: str, yes: bool
) -> None:
    """Have the units of a scope run VERSION, wave by wave. A wave begins when the one before is door-ready.

    It stops by itself, with the alarm software.stopped, where over 2 % of a wave (one unit, in waves of under 50) go back or are not
    door-ready within 5 minutes of installing. Units that are away get theirs when they are back, unless it was stopped.
    """
    where = parse_scope(scope, office.site.site)
    office.check_scope(where, yes=yes)
    try:
        steps = Waves.parse(waves)
    except ValueError as error:
        raise BadValueError("waves", str(error)) from None
    plan = Plan(version, where, steps, _form_of(form), _seconds("soak", soak))
    _tell(office, rolls.begin(office, plan, by, why, time.time()))


@software.command()
@json_option("One object.")
@click.pass_obj
def status(office: CliContext, as_json: bool) -> None:
    """The roll that is under way, or was last: each wave, who is missing and why."""
    found = roll_report.report(office, time.time())
    if as_json:
        click.echo(shown.as_json(None if found is None else _value(found)))
        return
    if found is None:
        click.echo(_("nothing was rolled out yet"))
        return
    _tell(office, found.roll)
    for wave in found.waves:
        click.echo(_wave_line(wave, found.roll.wave))
    if found.next_utc is not None:
        click.echo(_("ready; the next wave begins {at}").format(at=office.local(found.next_utc)))
    for each in found.missing[:SHOWN]:
        click.echo(shown.plain(_missing_line(office, each)))
    if len(found.missing) > SHOWN:
        click.echo(_("and {count} more").format(count=len(found.missing) - SHOWN))


@software.command()
@_by
@_why
@click.pass_obj
def stop(office: CliContext, by: str, why: str) -> None:
    """Stop the roll: units that have not begun with the version leave it alone, those that run it go on with it."""
    count = rolls.stop(office, by, why, time.time())
    click.echo(_("stopped, withdrawn from {count} units").format(count=count))
    office.publish()


@software.command()
@click.option("--next", "skip", is_flag=True, help="With the next wave, though this one is not ready.")
@_by
@_why
@click.pass_obj
def go(office: CliContext, skip: bool, by: str, why: str) -> None:
    """Let a stopped roll go on. What failed until now counts no more, and its alarm is acknowledged with this reason."""
    _tell(office, rolls.resume(office, by, why, time.time(), skip=skip))


# --- in words


def _form_of(text: str | None) -> Form | None:
    return None if text is None else Form(text)


def _seconds(name: str, text: str) -> float:
    if text[-1:] not in SECONDS or not text[:-1].isdecimal() or len(text) > 9:
        raise CentreError(_("--{name}: not as 30m, 2h, 1d").format(name=name), WRONG_USE)
    return float(int(text[:-1]) * SECONDS[text[-1]])


def _tell(office: CliContext, of: Roll) -> None:
    line = _("{version} {form} to {scope}: {state}, wave {wave} of {waves} ({steps}), since {at}, by {by}: {why}")
    words = {"version": of.version, "form": of.form, "scope": of.scope, "state": named(of.state.value), "wave": of.wave}
    words |= {"waves": len(of.steps), "steps": of.waves, "at": office.local(of.changed_utc), "by": of.by, "why": of.why}
    click.echo(shown.plain(line.format(**words)))


def _wave_line(wave: WaveReport, under_way: int) -> str:
    if wave.number > under_way:
        return _("wave {number}: to come, {size} units").format(number=wave.number, size=wave.size)
    counts = ", ".join(f"{named(stage.value)} {count}" for stage, count in sorted(wave.counts.items()))
    line = _("wave {number}: {size} units: {counts}; {most} may fail")
    return line.format(number=wave.number, size=wave.size, counts=counts or _("none handed yet"), most=wave.may_fail)


def _missing_line(office: CliContext, each: Missing) -> str:
    line = _("  {unit}  {stage}  runs {runs}  heard {heard}")
    words = {"unit": each.unit, "stage": named(each.stage.value), "runs": each.runs or "-"}
    heard = office.local(each.heard_utc or None)
    why = _("  why: {why}").format(why=named(each.why)) if each.why else ""
    excused = _("  (not counted)") if each.excused else ""
    return line.format(heard=heard, **words) + why + excused


def _value(found: RollReport) -> dict[str, Any]:
    waves = [
        {
            "wave": each.number,
            "size": each.size,
            "may_fail": each.may_fail,
            "units": {str(k): n for k, n in each.counts.items()},
        }
        for each in found.waves
    ]
    missing = [
        {"unit": each.unit, "wave": each.wave, "stage": each.stage, "why": each.why, "runs": each.runs}
        | {"heard": each.heard_utc, "excused": each.excused}
        for each in found.missing
    ]
    return found.roll.row() | {"total": found.total, "next": found.next_utc, "waves_now": waves, "missing": missing}
