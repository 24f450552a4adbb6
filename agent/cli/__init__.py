"""The command `doorward`: one module a command, imported when it is used. Other packages add commands through the entry points `doorward.commands`.

Errors a person can put right are one line each on stderr and an exit code, never a traceback.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent import __version__
from agent.cli.language import choose, language_ends, language_option, spoken
from agent.errors import EXIT_CHECK_FAILED, EXIT_USAGE, DoorwardError, UnreachableError
from agent.words import N_, _
from contract.frozen import frozen

if TYPE_CHECKING:
    from agent.config import Config

DEFAULT_CONFIG = Path("/etc/doorward/config.yaml")
_NO_ARGUMENTS: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""A group without a command shows its help; older versions of click do so by themselves."""
MAX_LINES = 100
"""Of faults printed at once: a file of another kind can have one a line."""

COMMANDS = {
    "apply-update": N_("Install what was ordered (what doorward-update.service does)."),
    "bundle": N_("Pack everything support needs into one file, secrets left out."),
    "check": N_("Check configuration, identity and this machine, and say how to mend what is wrong."),
    "enrol": N_("Take over the enrolment file that the centre wrote for this unit."),
    "explain": N_("Say whether a card would open a door, and by which rule."),
    "firstboot": N_("Take over what an installer laid on the image's partition (before the agent starts)."),
    "log": N_("Show what happened at the door, from the unit's own journal."),
    "monitor": N_("Show what passes on a serial port, decoded, secrets masked."),
    "pair": N_("Give an OSDP reader a key of its own."),
    "probe": N_("Find what is on each serial port, and write it as configuration."),
    "replay": N_("Run a recorded incident through the core again, each decision with its rule."),
    "run": N_("Run the agent (what the service does)."),
    "selftest": N_("Move each lock, read it back, draw each screen, print an acceptance sheet."),
    "setup": N_("Make the configuration, from what is on the ports and a few questions."),
    "status": N_("Show how the running agent is."),
    "update": N_("Install a .doorward file from the centre, on site."),
}


@frozen
class Invocation:
    """The options before the command's name."""

    config_path: Path
    verbose: bool

    def config(self) -> Config:
        """Raises ConfigFaults."""
        from agent.config import load  # noqa: PLC0415  # not every command needs it

        return load(self.config_path)


class CommandGroup(click.Group):
    """Our own commands by module name, others by entry point; neither is imported before it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*sorted(COMMANDS), *sorted(point.name for point in _joined())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            return spoken(command_of(cmd_name))
        return next((_load(point) for point in _joined() if point.name == cmd_name), None)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Without importing any of them."""
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, _(text)) for name, text in sorted(COMMANDS.items())])
        joined = sorted({point.name for point in _joined()})
        if joined:
            with formatter.section(_("Further commands")):
                formatter.write_dl([(name, _("See doorward {name} --help.").format(name=name)) for name in joined])

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        choose()
        spoken(self)
        return super().make_context(*args, **extra)

    def main(self, *args: Any, **extra: Any) -> Any:
        """As click does it, but for wrong use too one line says what is wrong."""
        with language_ends():
            return self._main(*args, **extra)

    def _main(self, *args: Any, **extra: Any) -> Any:
        try:
            outcome = super().main(*args, **{**extra, "standalone_mode": False})
        except click.ClickException as error:
            if isinstance(error, _NO_ARGUMENTS):
                click.echo(error.format_message(), err=True)
                sys.exit(EXIT_USAGE)
            path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "doorward"
            about = _(" (see {path} --help)").format(path=path) if isinstance(error, click.UsageError) else ""
            click.echo(f"{' '.join(error.format_message().split())}{about}", err=True)
            sys.exit(error.exit_code if isinstance(error, click.UsageError) else EXIT_USAGE)
        except click.Abort:
            click.echo(_("stopped"), err=True)
            sys.exit(EXIT_CHECK_FAILED)
        sys.exit(outcome if type(outcome) is int else 0)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DoorwardError as error:
            for line in error.lines[:MAX_LINES]:
                click.echo(line, err=True)
            if len(error.lines) > MAX_LINES:
                click.echo(_("… and {count} more").format(count=len(error.lines) - MAX_LINES), err=True)
            ctx.exit(error.code)


def command_of(name: str) -> click.Command:
    """Our own command of that name. Each that a person reads takes `--language`; `explain` has its own, and the service reads nothing."""
    command: click.Command = import_module(f"agent.cli.{name.replace('-', '_')}").command
    if name not in {"run", "explain"} and not any(each.name == "language" for each in command.params):
        command.params.append(language_option())
    return command


def _joined() -> list[EntryPoint]:
    return [point for point in entry_points(group="doorward.commands") if point.name not in COMMANDS]


def _load(point: EntryPoint) -> click.Command:
    """The command behind an entry point; where a library is missing, one that says what to install."""
    try:
        command = point.load()
    except ModuleNotFoundError as error:
        return _missing(point.name, error.name or _("a library"))
    if not isinstance(command, click.Command):
        raise TypeError(f"{point.value} is no command")
    return command


def _missing(name: str, module: str) -> click.Command:
    @click.command(
        name, context_settings={"ignore_unknown_options": True, "allow_extra_args": True}, add_help_option=False
    )
    def missing() -> None:
        raise UnreachableError(
            _("doorward {name} needs {module}, which is not installed: pip install 'doorward[{name}]'").format(
                name=name, module=module
            )
        )

    return missing


@click.command(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-c",
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=lambda: os.environ.get("DOORWARD_CONFIG") or DEFAULT_CONFIG,
    help=f"The unit's configuration (default: $DOORWARD_CONFIG or {DEFAULT_CONFIG}).",
)
@click.option("-v", "--verbose", is_flag=True, help="Say more.")
@click.version_option(__version__, message="doorward %(version)s")
@click.pass_context
def doorward(ctx: click.Context, config_path: Path, verbose: bool) -> None:
    """The agent in a smart door controller: lock, display, notices, patrol check-ins."""
    ctx.obj = Invocation(Path(config_path), verbose)


doorward.params.append(language_option())
