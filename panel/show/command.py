"""The command `doorward panel show`."""

from __future__ import annotations

from pathlib import Path

import click

from agent.config import load
from agent.config.model import Config, DeviceConfig
from agent.devices import draw_order
from agent.locale import LANGUAGES
from agent.words import _, reason_of
from contract.messages import Category
from panel.cli import PanelCommand
from panel.errors import PanelError
from panel.letters import find
from panel.show.glass import glass, numbered
from panel.show.unit import PAGES, NoticeText, working


@click.command("show", cls=PanelCommand)
@click.argument("config", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--page", type=click.Choice([*PAGES]), default="idle", show_default=True, help="Which of its pages.")
@click.option("--title", default="", help="Of a notice.")
@click.option("--text", default="", help="Of a notice.")
@click.option(
    "--category",
    type=click.Choice([each.value for each in Category]),
    default=Category.SERVICE.value,
    show_default=True,
    help="Of a notice.",
)
@click.option("--language", type=click.Choice(LANGUAGES), help="Of what the unit says (default: the configuration's).")
@click.option("--display", help="Which display of the unit (default: the first).")
@click.option(
    "--font", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The font its files were built with."
)
def show(
    config: Path,
    out: Path,
    page: str,
    title: str,
    text: str,
    category: str,
    language: str | None,
    display: str | None,
    font: Path | None,
) -> None:
    """Draw into OUT.png what a unit with this CONFIG.yaml shows on its display, pixel by pixel.

    A page that goes on is drawn into OUT-1.png, OUT-2.png and so on. Nothing is opened and nothing sent.
    """
    if page == "notice" and not title:
        raise click.UsageError(_("--page notice needs a --title"))
    if page != "notice" and (title or text):
        raise click.UsageError(_("--title and --text are a notice's: --page notice"))
    unit = load(config)
    name, device = _display(unit, display)
    state = working(unit, language or unit.unit.language)
    plan = next(screen.plan for screen in state.screens if screen.plan.name == name)
    made = PAGES[page](state, plan, NoticeText(title, text, Category(category)))
    with glass(device.driver, device.options, find(font)) as glassed:
        images = [glassed.show(draw_order(name, token, each)) for token, each in enumerate(made, 1)]
    for path, image in zip(numbered(out, len(images)), images, strict=True):
        try:
            image.save(path, "PNG", optimize=True)
        except OSError as error:
            raise PanelError(_("{file}: {reason}").format(file=path, reason=reason_of(error))) from error
        click.echo(path)


def _display(config: Config, wanted: str | None) -> tuple[str, DeviceConfig]:
    """Raises PanelError where it has none that can be drawn."""
    if not config.displays:
        raise PanelError(_("this unit has no display"))
    name = wanted or config.displays[0]
    if name not in config.displays:
        raise PanelError(
            _('no display is called "{name}"; there is {names}').format(name=name, names=", ".join(config.displays))
        )
    device = config.devices[name]
    if device.options.form is None:
        raise PanelError(
            _(
                "{name}: its pages were drawn with the maker's program, and only that knows how they look. "
                "Pages of a panel with `layout: {{design: …}}` can be shown"
            ).format(name=name)
        )
    return name, device
