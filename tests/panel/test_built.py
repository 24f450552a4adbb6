"""The finished folder of `doorward panel build dwin`, made once by the command; and what its own look at the files finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result

from drivers.display import design
from drivers.display.design import Form, Letters
from panel.dwin import check
from tests.panel.building import bits, command
from tests.panel.test_flash_and_settings import own

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("panel build")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    base = tmp_path_factory.mktemp("panel")
    (base / "T5LCFG_480.CFG").write_bytes(own())
    out = base / "out"
    told = command(
        *("--size", "480x272", "--rotate", "90", "--large", "--language", "en", "--cfg", base / "T5LCFG_480.CFG"),
        *("--sd", base / "card.img", out),
    )
    return out, told


@pytest.fixture(scope="module")
def built(made: tuple[Path, Result]) -> check.Folder:
    out, _ = made
    files = {path.name: path.read_bytes() for path in (out / "DWIN_SET").iterdir()}
    (library,) = (name for name in files if name.endswith(".ICL"))
    form = Form(480, 272, 90, large=True)
    names = {name.lstrip("0123456789").removesuffix(".DZK"): name for name in files if name.endswith(".DZK")}
    font_names = tuple((names[f"{'GBK' if e.charset == 'gbk' else 'GB'}{e.size}"], e) for e in design.scale(form).fonts)
    return check.Folder(form, files, "0_DWIN_ASC.HZK", font_names, library, "14SHOW.BIN", "13TOUCH.BIN", "22INIT.BIN")


def test_the_folder_and_what_is_told(made: tuple[Path, Result]) -> None:
    out, told = made
    assert told.exit_code == 0, told.output
    assert {path.name for path in out.iterdir()} == {"DWIN_SET", "FONT-LICENCE.txt"}
    assert "SIL OPEN FONT LICENSE" in (out / "FONT-LICENCE.txt").read_text(encoding="utf-8").upper()
    names = {path.name for path in (out / "DWIN_SET").iterdir()}
    assert names == {
        *("0_DWIN_ASC.HZK", "13TOUCH.BIN", "14SHOW.BIN", "22INIT.BIN", "T5LCFG_480.CFG", "18.ICL"),
        *("23GBK40.DZK", "42GB64.DZK"),
    }
    assert all(name in told.output for name in names)
    wanted = "{driver: dwin, port: screen, crc: true, layout: {design: 480x272, rotate: 90, large: true}}"
    assert wanted in told.output
    assert "baud: 115200" in told.output
    assert not list(out.parent.glob(".*"))  # nothing of the making is left


def test_no_kernel_and_no_settings_but_the_panels_own(made: tuple[Path, Result]) -> None:
    out, _ = made
    settings = (out / "DWIN_SET" / "T5LCFG_480.CFG").read_bytes()
    assert [at for at in range(128) if settings[at] != own()[at]] == [5, 8]
    upper = [path.name.upper() for path in (out / "DWIN_SET").iterdir()]
    assert not [name for name in upper if name.startswith(("T5L_", "DWINOS", "T5L51", "T5OS"))]


def test_sizes_of_the_fonts(made: tuple[Path, Result]) -> None:
    out, _ = made
    sizes = {path.name: path.stat().st_size for path in (out / "DWIN_SET").iterdir()}
    assert sizes["0_DWIN_ASC.HZK"] == 3_082_752
    assert sizes["23GBK40.DZK"] == 23_940 * 5 * 40
    assert sizes["42GB64.DZK"] == 8_836 * 8 * 64
    assert sizes["22INIT.BIN"] == 131_076


def test_it_finds_nothing_wrong_with_itself(built: check.Folder) -> None:
    assert check.faults(built, "门请知—·…“”") == []


@pytest.mark.parametrize(("char", "charset"), [("一", "gbk"), ("龘", "gbk"), ("一", "gb2312")])
def test_a_glyph_stands_in_its_cell(built: check.Folder, char: str, charset: str) -> None:
    name, letters = next(each for each in built.fonts if each[1].charset == charset)
    high, low = char.encode(charset)
    index = (high - 0x81) * 190 + low - 0x40 - (low > 0x7F) if charset == "gbk" else (high - 0xA1) * 94 + low - 0xA1
    each = letters.size * letters.size // 8
    rows = bits(built.files[name][index * each : (index + 1) * each], letters.size, letters.size)
    inked = [y for y, row in enumerate(rows) if "#" in row]
    middle = (inked[0] + inked[-1]) / 2
    assert abs(middle - letters.size / 2) < letters.size / 6
    if char == "一":
        assert inked[-1] - inked[0] < letters.size / 8
        assert max(row.count("#") for row in rows) > letters.size * 0.7
    else:
        assert sum(row.count("#") for row in rows) > letters.size * letters.size / 5


def test_ascii_stands_on_one_line_and_within_its_cell(built: check.Folder) -> None:
    data = built.files[built.ascii_name]
    for width in (12, 16, 24, 48):
        start = sum(128 * ((k + 7) // 8) * 2 * k for k in range(4, width))
        each = (width + 7) // 8 * 2 * width
        feet = set()
        for char in "AEHT0127hm":
            at = start + ord(char) * each
            rows = bits(data[at : at + each], width, 2 * width)
            inked = [y for y, row in enumerate(rows) if "#" in row]
            feet.add(inked[-1])
            assert not any(row[0] == row[-1] == "#" for row in rows), (char, width)
        assert max(feet) - min(feet) <= 1, width
        assert not any(data[start : start + 33 * each])  # control characters and space


def test_a_small_letter_is_known_again(built: check.Folder) -> None:
    """`1` and `l` and `I` differ."""
    data = built.files[built.ascii_name]
    start, each = sum(128 * ((k + 7) // 8) * 2 * k for k in range(4, 16)), 2 * 32
    glyphs = {char: data[start + ord(char) * each : start + (ord(char) + 1) * each] for char in "1lI0O"}
    assert len(set(glyphs.values())) == 5


@pytest.mark.parametrize(
    ("name", "at", "word"),
    [
        ("18.ICL", 5000, "checksum"),
        ("18.ICL", 12, "checksum"),
        ("14SHOW.BIN", 18, "begins at another place"),
        ("0_DWIN_ASC.HZK", None, "bytes"),
        ("13TOUCH.BIN", 4, "beyond the display"),
        ("14SHOW.BIN", 0x4000 + 18, "beyond the display"),
    ],
)
def test_a_damaged_file_is_seen(built: check.Folder, name: str, at: int | None, word: str) -> None:
    data = bytearray(built.files[name])
    if at is None:
        data.pop()
    else:
        data[at] ^= 0x7F
    assert word in " ".join(check.faults(replaced(built, {name: bytes(data)}), ""))


def test_an_empty_glyph_is_seen(built: check.Folder) -> None:
    name, letters = built.fonts[0]
    each = letters.size**2 // 8
    high, low = "门".encode("gbk")
    cell = (high - 0x81) * 190 + low - 0x40 - (low > 0x7F)
    data = built.files[name]
    data = data[: cell * each] + bytes(each) + data[(cell + 1) * each :]
    assert check.faults(replaced(built, {name: data}), "") == [f"{name}: nothing for 门"]


def test_a_character_that_no_font_holds_is_seen(built: check.Folder) -> None:
    found = check.faults(built, "门😀")
    assert found == [f"{name}: nothing for 😀" for name, each in built.fonts if each.charset == "gbk"]


def test_files_over_one_another_are_seen(built: check.Folder) -> None:
    files = {**built.files, "24ODD.BIN": b"x"}
    found = check.faults(check.Folder(built.form, files, *_rest(built)), "")
    assert found == ["24ODD.BIN: overlaps 23GBK40.DZK"]


def replaced(folder: check.Folder, files: dict[str, bytes]) -> check.Folder:
    return check.Folder(folder.form, {**folder.files, **files}, *_rest(folder))


def _rest(f: check.Folder) -> tuple[str, tuple[tuple[str, Letters], ...], str, str, str, str]:
    return f.ascii_name, f.fonts, f.pictures, f.display, f.touch, f.initial
