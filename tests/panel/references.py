"""Pictures of finished pages, to look at and to compare with: `python -m tests.panel.references` makes them anew."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageChops, features

from drivers.display import colours
from drivers.display.design import Form
from panel.letters import find
from simulator.dwin_set.render import Renderer
from tests.panel import looks
from tests.panel.shots import font_hash, panel_of, shot

FOLDER = Path(__file__).parent / "references"
MADE_WITH = FOLDER / "made-with.json"
FEW = ("idle", "yes", "no", "policy", "entry")
FORMS: dict[Form, tuple[str, ...]] = {
    Form(800, 480): tuple(looks.LOOKS),
    Form(480, 272): tuple(looks.LOOKS),
    Form(1024, 600): FEW,
    Form(800, 480, 90): FEW,
    Form(480, 272, 90): FEW,
    Form(1024, 600, 90): FEW,
    Form(800, 480, large=True): FEW,
    Form(480, 272, large=True): FEW,
    Form(1024, 600, large=True): FEW,
}
_BLENDS = (0, 85, 170, 255)
"""Of a smooth edge."""
_SEEN = 40
"""Of 255 shades: so much another that one sees it."""


def name(form: Form, look: str) -> str:
    return f"{form.width}x{form.height}{f'-{form.rotate}' if form.rotate else ''}{'-large' if form.large else ''}-{look}.png"


def pictures(renderer: Renderer, form: Form) -> Iterator[tuple[str, Image.Image]]:
    state, display = looks.state_of(form)
    for look in FORMS[form]:
        drawn = shot(renderer, form, looks.LOOKS[look](state, display))
        yield name(form, look), drawn.image.quantize(palette=palette(), dither=Image.Dither.NONE)


@lru_cache(maxsize=1)
def palette() -> Image.Image:
    """The colours of the design, and what is between each ground and its ink: what a JPEG adds is not kept."""
    pairs = {(ground, ink) for ground, *inks in colours.GROUNDS.values() for ink in inks}
    pairs |= {(band, colours.WHITE) for band in colours.BANDS.values()}
    pairs |= {(colours.KEY_GROUND, colours.WHITE), (colours.NIGHT, colours.KEY_GROUND)}
    pairs |= {(colours.WHITE, colours.STRIPE), (colours.RED, colours.YELLOW)}
    found = {
        tuple(((one >> bits & 255) * (255 - part) + (other >> bits & 255) * part) // 255 for bits in (16, 8, 0))
        for one, other in pairs
        for part in _BLENDS
    }
    image = Image.new("P", (1, 1))
    image.putpalette([shade for colour in sorted(found) for shade in colour])
    return image


def made_with() -> dict[str, str | None]:
    """With the same, pictures are the same to the pixel; with others nearly."""
    return {"font": font_hash(find()), **{each: features.version(each) for each in ("pil", "freetype2", "jpg")}}


def differing(one: Image.Image, other: Image.Image) -> float:
    """Which share of the pixels looks another; all, where the sizes differ."""
    if one.size != other.size:
        return 1.0
    apart = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    strongest = ImageChops.lighter(ImageChops.lighter(*apart.split()[:2]), apart.split()[2])
    return sum(strongest.histogram()[_SEEN:]) / (one.width * one.height)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    with tempfile.TemporaryDirectory() as into:
        for form in FORMS:
            for file, picture in pictures(panel_of(form, Path(into)), form):
                picture.save(FOLDER / file, optimize=True)
    MADE_WITH.write_text(json.dumps(made_with(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
