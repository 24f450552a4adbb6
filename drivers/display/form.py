"""The displays that panels are built for: their size, how they hang, and their fonts. Pure; lengths in pixels."""

from __future__ import annotations

from contract.frozen import frozen

VERSION = 1
"""Of the design. Files of one version fit a driver of the same only; the panel holds it in `IDENTITY_VP`."""


@frozen
class Form:
    """A display's size as its maker states it, how it hangs (degrees clockwise), and whether its letters are the large ones."""

    width: int
    height: int
    rotate: int = 0
    large: bool = False

    @property
    def across(self) -> int:
        """Its width as it hangs."""
        return self.height if self.rotate % 180 else self.width

    @property
    def down(self) -> int:
        return self.width if self.rotate % 180 else self.height

    @property
    def upright(self) -> bool:
        return self.down > self.across

    @property
    def identity(self) -> str:
        """As the built files tell it, in ASCII: at most 30 characters."""
        return f"DOORWARD {VERSION} {self.words}"

    @property
    def words(self) -> str:
        """Without design and version."""
        return f"{self.width}x{self.height} {self.rotate} {'large' if self.large else 'normal'}"


SIZES = ((480, 272), (800, 480), (1024, 600))
ROTATIONS = (0, 90, 180, 270)


def form_of(text: str, rotate: int = 0, *, large: bool = False) -> Form:
    """Of `800x480`. Raises ValueError that says which there are."""
    width, times, height = text.partition("x")
    size = (int(width), int(height)) if times and width.isdecimal() and height.isdecimal() else None
    if size not in SIZES:
        raise ValueError(f"must be one of {', '.join(f'{w}x{h}' for w, h in SIZES)}, not {text}")
    if rotate not in ROTATIONS:
        raise ValueError(f"rotated by one of {', '.join(map(str, ROTATIONS))}, not {rotate}")
    return Form(*size, rotate, large)


@frozen
class Letters:
    """A font: Chinese characters `size` × `size`, all others half as wide; what it can draw."""

    size: int
    charset: str

    @property
    def pitch(self) -> int:
        """From one line to the next."""
        return self.size * 5 // 4


@frozen
class Scale:
    """The fonts of a form, large to small. Their files share 45 slots of the panel's flash with the pictures."""

    head: Letters
    body: tuple[Letters, ...]
    caption: Letters
    clock: int
    """Height of the digits of clock and keys; each is half as wide."""

    @property
    def fonts(self) -> tuple[Letters, ...]:
        """Each once, the smallest first."""
        return tuple(sorted({self.head, *self.body, self.caption}, key=lambda each: each.size))


def scale(form: Form) -> Scale:
    """Body letters are at least 5 mm high on panels of 4.3, 7 and 10 inch, and as high as a title's where those have room for a short
    text; titles are 1.5 times as high. Nothing larger has room in the flash beside them: on 1024×600, large letters are those of short
    texts alone.
    """
    gbk24, gbk32, gbk40 = (Letters(size, "gbk") for size in (24, 32, 40))
    head48, head64 = Letters(48, "gb2312"), Letters(64, "gb2312")
    clock = {480: 64, 800: 96, 1024: 128}[form.width]
    if form.large:
        return Scale(head64, (head64, gbk40), gbk40, clock)
    if form.width >= 1024:
        return Scale(head64, (gbk40,), gbk40, clock)
    return Scale(head48, (head48, gbk32), gbk24, clock)


MARGINS = {272: 12, 480: 20, 600: 24}
