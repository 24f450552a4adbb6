"""The commands `doorward panel …`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from agent.cli.language import SpokenCommand, SpokenGroup, spoken
from agent.words import _, reason_of
from drivers.display.design import ROTATIONS, SIZES, Form, form_of
from panel.dwin import folder, sdcard, slots
from panel.dwin.folder import Built, Wish
from panel.errors import PanelError
from panel.letters import Face, find
from panel.words import LANGUAGES


class PanelCommand(SpokenCommand):
    """What a person can put right is told in a line each."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PanelError as error:
            for line in error.lines:
                click.echo(line, err=True)
            ctx.exit(error.code)


_ROTATE = click.Choice([str(turn) for turn in ROTATIONS])
_SIZE = click.Choice([f"{width}x{height}" for width, height in SIZES])
_FONT = click.Path(path_type=Path, exists=True, dir_okay=False)


class PanelGroup(SpokenGroup):
    """`show` and `notices` draw on a simulated panel with the agent's pages: who only builds needs neither."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "notices", "show"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "show":
            from panel.show.command import show  # noqa: PLC0415

            return spoken(show)
        if cmd_name == "notices":
            from panel.show.notices import notices  # noqa: PLC0415

            return spoken(notices)
        return super().get_command(ctx, cmd_name)


@click.group("panel", cls=PanelGroup)
def panel() -> None:
    """Make what a panel shows: its pictures, its fonts, its memory card."""


@panel.command("simulated", cls=PanelCommand)
@click.argument("make", type=click.Choice(["dwin", "tjc"]))
@click.option("--size", type=_SIZE, required=True, help="Of the display, in pixels, as its maker states it.")
@click.option("--rotate", type=_ROTATE, default="0", show_default=True, help="How it hangs, in degrees clockwise.")
@click.option("--large", is_flag=True, help="Letters one size larger.")
@click.option("--font", type=_FONT, help="A Chinese font to use.")
def simulated(make: str, size: str, rotate: str, large: bool, font: Path | None) -> None:
    """Print the folder with what a simulated panel shows its pages by, built once and kept in the user's cache."""
    from panel import kept  # noqa: PLC0415  # it locks files, as only POSIX systems do

    form: Form = form_of(size, int(rotate), large=large)
    click.echo((kept.dwin if make == "dwin" else kept.tjc)(form, find(font)))


@panel.group("build", cls=SpokenGroup)
def build() -> None:
    """Make the files of a display, for its memory card."""


@build.command("dwin", cls=PanelCommand)
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--size",
    type=_SIZE,
    required=True,
    help="Of the display, in pixels, as its maker states it.",
)
@click.option(
    "--rotate",
    type=_ROTATE,
    default="0",
    show_default=True,
    help="How it hangs, in degrees clockwise; needs --cfg.",
)
@click.option("--large", is_flag=True, help="Letters one size larger: fewer lines.")
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default="zh-CN",
    show_default=True,
    help="Of what it says until the agent speaks.",
)
@click.option(
    "--cfg",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The panel's own T5LCFG….CFG: a copy with the rotation and what else the pages need goes along. None is made anew.",
)
@click.option(
    "--background-id",
    type=click.IntRange(0, slots.SLOTS - 1),
    help=f"Without --cfg: the picture library that the panel's settings name for backgrounds (usual: {slots.USUAL_BACKGROUND}).",
)
@click.option("--font", type=_FONT, help="A Chinese font to use.")
@click.option("--sd", type=click.Path(path_type=Path, dir_okay=False), help="Write an image of the memory card, too.")
def dwin(
    out: Path,
    size: str,
    rotate: str,
    large: bool,
    language: str,
    cfg: Path | None,
    background_id: int | None,
    font: Path | None,
    sd: Path | None,
) -> None:
    """Make the folder OUT/DWIN_SET for a DWIN panel (T5L, DGUS II): copied to a FAT32 card, put in, power on."""
    form = form_of(size, int(rotate), large=large)
    if form.rotate and cfg is None:
        raise click.UsageError(_("--rotate needs --cfg: only the panel's own settings turn it"))
    if cfg is not None and background_id is not None:
        raise click.UsageError(_("--background-id is for a build without --cfg"))
    if not folder.is_free(out):
        raise PanelError(_("{file}: is there already and not empty").format(file=out))
    if sd is not None and sd.exists():
        raise PanelError(_("{file} is there already").format(file=sd))
    face = find(font)
    settings = (cfg.name, _read(cfg)) if cfg is not None else None
    built = folder.build(Wish(form, face, language, settings, background_id))
    if sd is not None:
        _card(built, sd)
    try:
        folder.write(built, face, out)
    except PanelError:
        if sd is not None:
            sd.unlink(missing_ok=True)
        raise
    _tell(built, face, out, sd)


def _read(cfg: Path) -> bytes:
    try:
        return cfg.read_bytes()
    except OSError as error:
        raise PanelError(_("{file}: {reason}").format(file=cfg, reason=reason_of(error))) from error


def _card(built: Built, sd: Path) -> None:
    try:
        sdcard.write_image(sd, folder.FOLDER, built.files)
    except OSError as error:
        raise PanelError(_("{file}: {reason}").format(file=sd, reason=reason_of(error))) from error
    except ValueError as error:
        raise PanelError(_("{file}: {reason}").format(file=sd, reason=error)) from error


def _tell(built: Built, face: Face, out: Path, sd: Path | None) -> None:
    stored = {file.name: file.slots for file in built.folder.stored()}
    for name, data in built.files.items():
        place = stored.get(name)
        size = _("{size:>9,} bytes").format(size=len(data))
        where = "" if place is None else f"  {_slots(place)}"
        click.echo(f"{out / folder.FOLDER / name}  {size}{where}")
    if sd is not None:
        click.echo(_("{file}  image of the memory card").format(file=sd))
    click.echo(_("Font: {name}; {licence}").format(name=face.path.name, licence=_licence(face, out)))
    if built.missing:
        missing = "".join(built.missing)
        click.echo(_("The font has not: {missing} (an empty frame is shown)").format(missing=missing))
    if built.settings is None:
        click.echo(
            _(
                "The panel's own .CFG has to name {library} as its background library (byte 8), load initial values "
                "and upload touches (byte 5, bits 5 and 4): --cfg makes a copy that does."
            ).format(library=built.library)
        )
    click.echo(_("For the unit's configuration:"))
    for line in layout(built):
        click.echo(f"  {line}")


def _slots(place: range) -> str:
    if len(place) > 1:
        return _("slots {first}-{last}").format(first=place.start, last=place.stop - 1)
    return _("slot {number}").format(number=place.start)


def _licence(face: Face, out: Path) -> str:
    if face.licence is None:
        return _("its licence is not beside it: see that it may be passed on")
    return _("its licence: {file}").format(file=out / folder.LICENCE)


def layout(built: Built) -> list[str]:
    """The lines of the unit's configuration that fit these files."""
    form, settings = built.folder.form, built.settings
    design = f"{{design: {form.width}x{form.height}, rotate: {form.rotate}, large: {str(form.large).lower()}}}"
    crc = " crc: true," if settings is not None and settings.crc else ""
    lines = [f"devices: {{panel: {{driver: dwin, port: screen,{crc} layout: {design}}}}}"]
    if settings is not None:
        lines.append(f"ports: {{screen: {{device: /dev/…, baud: {settings.baud}}}}}")
    return lines
