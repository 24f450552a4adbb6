"""All files of a panel, put together and looked at once more; then the folder `DWIN_SET`, whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import signal
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import get_context, parent_process
from pathlib import Path

from agent.words import _, reason_of
from contract.frozen import frozen
from drivers.display.design import Form, Letters, choices, scale
from panel import words
from panel.dwin import check, config, fonts, icl, slots
from panel.dwin.display_file import display_file
from panel.dwin.initial import initial_values
from panel.dwin.touch_file import touch_file
from panel.errors import CHECK_FAILED, PanelError
from panel.letters import Face
from panel.pictures import background

FOLDER = "DWIN_SET"
ASCII, TOUCH, DISPLAY, INITIAL = "0_DWIN_ASC.HZK", "13TOUCH.BIN", "14SHOW.BIN", "22INIT.BIN"
_SETTINGS = re.compile(r"T5LCFG[\w-]*\.CFG", re.ASCII | re.IGNORECASE)
LICENCE = "FONT-LICENCE.txt"


@frozen
class Wish:
    """What is to be built. `settings`: the name and bytes of the panel's own .CFG. `library`: where its settings have their backgrounds."""

    form: Form
    face: Face
    language: str = "zh-CN"
    settings: tuple[str, bytes] | None = None
    library: int | None = None


@frozen
class Built:
    """The files of `DWIN_SET`, in the order of their slots; characters of the code that the font hasn't; what its settings say of the line."""

    folder: check.Folder
    library: int
    missing: tuple[str, ...]
    settings: config.LineSettings | None

    @property
    def files(self) -> Mapping[str, bytes]:
        return self.folder.files


def build(wish: Wish) -> Built:
    """Raises PanelError, also where the finished files are wrong."""
    form, letters = wish.form, scale(wish.form).fonts
    known = _line_settings(wish)
    made = drawn_fonts(wish.face, letters)
    pictures, placed = _placed({_title(each): len(made[each][0]) for each in letters}, wish, known)
    ids = {each: placed[_title(each)] for each in letters}
    library = placed[slots.PICTURES]
    names = tuple((f"{ids[each]}{_title(each)}.DZK", each) for each in letters)
    files = {
        ASCII: fonts.ascii_font(wish.face),
        TOUCH: touch_file(form),
        DISPLAY: display_file(form, ids),
        INITIAL: initial_values(form, words.starting(wish.language)),
        f"{library}.ICL": pictures,
        **{name: made[each][0] for name, each in names},
    }
    ordered = dict(sorted(files.items(), key=lambda each: int(re.match(r"\d+", each[0]).group())))  # type: ignore[union-attr]
    ordered |= _patched(wish, library)
    folder = check.Folder(form, ordered, ASCII, names, f"{library}.ICL", DISPLAY, TOUCH, INITIAL)
    wrong = check.faults(folder, words.characters())
    if wrong:
        raise PanelError(*wrong, code=CHECK_FAILED)
    return Built(folder, library, tuple(sorted({char for _, lost in made.values() for char in lost})), known)


def drawn_fonts(face: Face, sizes: Sequence[Letters]) -> dict[Letters, tuple[bytes, tuple[str, ...]]]:
    """Of each size its file and the characters that are missing; at once, each in a process of its own: 50,000 glyphs take their time."""
    context = get_context("spawn")
    with ProcessPoolExecutor(len(sizes), context, _as_a_helper) as pool:
        futures = {each: pool.submit(fonts.chinese, face, each) for each in sizes}
        fonts.ascii_font(face)  # kept until it is asked for
        try:
            return {each: future.result() for each, future in futures.items()}
        except BrokenProcessPool as error:
            raise PanelError(
                _("a process that draws a font was ended: too little memory?"), code=CHECK_FAILED
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _as_a_helper() -> None:
    """Of a process that draws a font: the person's Ctrl-C is for the one that started it, and it ends with that, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="until the parent ends", daemon=True).start()


def _end_with_parent() -> None:
    started_by = parent_process()
    if started_by is not None:
        started_by.join()
        os._exit(1)


def _title(letters: Letters) -> str:
    """Short enough for a name of eight characters with the slot before it."""
    return f"{'GBK' if letters.charset == 'gbk' else 'GB'}{letters.size}"


def _placed(sizes: Mapping[str, int], wish: Wish, known: config.LineSettings | None) -> tuple[bytes, Mapping[str, int]]:
    """The pictures as good as the flash has room for, and the slots of all. Raises PanelError where it has none for the smallest."""
    *better, least = icl.QUALITIES
    for quality in better:
        pictures = _pictures(wish.form, wish.face, quality)
        with suppress(PanelError):
            return pictures, _arrange(sizes, len(pictures), wish, known)
    pictures = _pictures(wish.form, wish.face, least)
    return pictures, _arrange(sizes, len(pictures), wish, known)


def _pictures(form: Form, face: Face, quality: int) -> bytes:
    looks = {choice.look for choice in choices(form)}
    drawn = {look: icl.jpeg(background(form, look, face), quality) for look in looks}
    return icl.library([(form.across, form.down, drawn[choice.look]) for choice in choices(form)])


def _arrange(sizes: Mapping[str, int], pictures: int, wish: Wish, known: config.LineSettings | None) -> dict[str, int]:
    """Backgrounds stay in the library that the panel's settings name, or most panels' do; elsewhere only where it has no room."""
    if wish.library is None:
        with suppress(slots.NoRoomError):
            return slots.arrange(sizes, pictures, slots.USUAL_BACKGROUND if known is None else known.library)
    try:
        return slots.arrange(sizes, pictures, wish.library)
    except slots.NoRoomError as error:
        raise PanelError(_("{error}: without --background-id it has room").format(error=error)) from error


def _line_settings(wish: Wish) -> config.LineSettings | None:
    if wish.settings is None:
        return None
    name, data = wish.settings
    try:
        return config.read(data)
    except ValueError as error:
        raise PanelError(_("{file}: {reason}").format(file=name, reason=error)) from error


def _patched(wish: Wish, library: int) -> dict[str, bytes]:
    """The panel's settings, under a name that it takes."""
    if wish.settings is None:
        return {}
    name, data = wish.settings
    return {name if _SETTINGS.fullmatch(name) else "T5LCFG.CFG": config.patch(data, wish.form, library)}


def write(built: Built, face: Face, out: Path) -> None:
    """`out` is made, or is an empty folder; a failure leaves it as it was. Raises PanelError, also where `out` isn't free."""
    if not is_free(out):
        raise PanelError(_("{file}: is there already and not empty").format(file=out))
    out = out.absolute()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise PanelError(_("{file}: {reason}").format(file=out, reason=reason_of(error))) from error
    try:
        beside.chmod(0o755)
        _fill(built, face, beside)
        if out.is_dir():
            out.rmdir()
        beside.rename(out)
    except OSError as error:
        raise PanelError(_("{file}: {reason}").format(file=out, reason=reason_of(error))) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def is_free(out: Path) -> bool:
    """Whether nothing would be lost there. Raises PanelError where nobody can tell."""
    try:
        return not out.exists() or (out.is_dir() and not out.is_symlink() and not any(out.iterdir()))
    except OSError as error:
        raise PanelError(_("{file}: {reason}").format(file=out, reason=reason_of(error))) from error


def _fill(built: Built, face: Face, into: Path) -> None:
    (into / FOLDER).mkdir()
    for name, data in built.files.items():
        (into / FOLDER / name).write_bytes(data)
    if face.licence is not None:
        shutil.copyfile(face.licence, into / LICENCE)
