"""Texts as bytes, and the way from what a panel shows to what it should show."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drivers.display.dgus import MAX_DATA, TEXT_END
from drivers.display.layout import EMPTY, DwinOptions, Image, Layout, Piece, image, next_write
from drivers.display.texts import Font, encode
from drivers.reports import DrawPage


def page(
    title: str = "温馨提示", body: tuple[str, ...] = ("今日停水",), footer: str = "12:00", name: str = "notice"
) -> DrawPage:
    return DrawPage("panel", 1, name, title, body, footer)


@given(st.text(max_size=60), st.integers(0, 30), st.sampled_from(["gbk", "gb2312", "ascii"]))
def test_text_fits_and_is_never_cut_in_a_character(text: str, columns: int, charset: str) -> None:
    coded = encode(text, charset, columns)
    assert len(coded) <= columns
    back = coded.decode(charset)
    assert all(ours in (theirs, "?", " ") for ours, theirs in zip(back, text, strict=False))
    assert b"\xff" not in coded
    assert not any(byte < 0x20 for byte in coded)


def test_what_the_charset_lacks_is_replaced() -> None:
    assert encode("停水😀通知", "gbk", 20).decode("gbk") == "停水?通知"
    assert encode("a\r\n\x1b\x00b", "gbk", 20) == b"a    b"
    assert encode("今日停水", "gbk", 5).decode("gbk") == "今日"


@given(st.text(max_size=40), st.lists(st.text(max_size=40), max_size=12), st.sampled_from([0, 12, 30]))
def test_every_variable_is_ended_and_whole_words(title: str, body: list[str], line_words: int) -> None:
    options = DwinOptions(layout=Layout(line_words=line_words))
    made = image(page(title, tuple(body)), options)
    whole = b"".join(piece.data for piece in made.body)
    for data in (made.title.data, made.footer.data, whole):
        assert len(data) % 2 == 0
        assert data.endswith(TEXT_END)
    assert all(len(piece.data) <= MAX_DATA for piece in made.body)
    if line_words:
        assert len(whole) == 8 * 2 * line_words
        assert all(TEXT_END in whole[at : at + 2 * line_words] for at in range(0, len(whole), 2 * line_words))


def draw(shown: dict[int, bytes], number: int | None, target: Image) -> list[Piece | int]:
    steps: list[Piece | int] = []
    while (step := next_write(shown, number, target)) is not None:
        steps.append(step)
        if isinstance(step, Piece):
            shown[step.vp] = step.data
        else:
            number = step
        assert len(steps) < 30
    return steps


def test_fields_first_then_the_page_and_nothing_twice() -> None:
    shown: dict[int, bytes] = {}
    steps = draw(shown, None, image(page(), DwinOptions()))
    assert [step.part if isinstance(step, Piece) else step for step in steps] == ["title", "body", "footer", "title", 1]
    assert draw(shown, 1, image(page(), DwinOptions())) == []
    steps = draw(shown, 1, image(page(footer="12:01"), DwinOptions()))
    assert [step.part for step in steps] == ["footer"]


def test_a_body_in_several_pieces_changes_under_no_title() -> None:
    """Of two notices with one title, long ones: the title goes before the body is emptied, and comes back last."""
    options = DwinOptions(columns=80, rows=20, layout=Layout(body=0x1100, footer=0x1800, line_words=41))
    one, other = (image(page("甲", (text * 40,) * 20), options) for text in "一二")
    shown: dict[int, bytes] = {}
    number: int | None = None
    for target in (one, other):
        while (step := next_write(shown, number, target)) is not None:
            if isinstance(step, int):
                number = step
                continue
            shown[step.vp] = step.data
            assert shown.get(options.layout.title, EMPTY) == EMPTY or all(
                shown.get(p.vp) == p.data for p in target.body
            )


PAGES = st.builds(
    page,
    st.sampled_from(["甲", "乙", ""]),
    st.lists(st.sampled_from(["一" * 10, "二" * 40, "三"]), max_size=20).map(tuple),
    st.sampled_from(["x", "y"]),
    st.sampled_from(["idle", "notice", "answer", "refused", "alarm"]),
)


@given(st.lists(PAGES, min_size=2, max_size=5), st.sampled_from([0, 41]), st.data())
def test_no_title_ever_stands_over_a_body_that_is_not_its_own(
    pages: list[DrawPage], line_words: int, data: st.DataObject
) -> None:
    """Also when the page wanted changes in the midst of drawing: it always ends with the newest, and passes no mixture."""
    options = DwinOptions(columns=80, rows=20, layout=Layout(body=0x1100, footer=0x1800, line_words=line_words))
    shown: dict[int, bytes] = {}
    number: int | None = None
    made = [image(drawn, options) for drawn in pages]

    def pair(one: Image) -> tuple[bytes, bytes]:
        return one.title.data, b"".join(piece.data for piece in one.body)

    for target in made:
        steps = data.draw(st.integers(0, 8)) if target is not made[-1] else 99
        while steps and (step := next_write(shown, number, target)) is not None:
            steps -= 1
            if isinstance(step, int):
                number = step
                continue
            shown[step.vp] = step.data
            title = shown.get(options.layout.title, EMPTY)
            first = shown.get(options.layout.body, EMPTY)
            if title != EMPTY:
                owners = [one for one in made if one.title.data == title and one.body[0].data == first]
                assert owners, "a title over another page's body"
                assert any(all(shown.get(p.vp) == p.data for p in one.body) for one in owners), "a part of a body"
    last = made[-1]
    assert number == last.page
    assert shown[options.layout.title] == last.title.data
    assert all(shown[piece.vp] == piece.data for piece in last.body)


def test_options_are_checked() -> None:
    assert DwinOptions().check() == []
    assert [key for key, _ in DwinOptions(columns=0, rows=0, charset="big5", buzzer=7).check()] == [
        "columns",
        "rows",
        "charset",
        "buzzer",
    ]
    assert [key for key, _ in DwinOptions(layout=Layout(title=0x0010)).check()] == ["layout.title"]
    assert [key for key, _ in DwinOptions(layout=Layout(body=0x1004)).check()] == ["layout.body"]
    assert [key for key, _ in DwinOptions(layout=Layout(line_words=3)).check()] == ["layout.line_words"]
    assert [key for key, _ in DwinOptions(layout=Layout(page={"idle": 0, "notice": 70000, "odd": 1})).check()] == [
        "layout.page.answer",
        "layout.page.odd",
        "layout.page.notice",
    ]
    assert [key for key, _ in DwinOptions(nonce=0x1001).check()] == ["nonce"]


def test_a_page_with_larger_letters_takes_less() -> None:
    options = DwinOptions(fonts={"answer": Font(10, 1)})
    shown = image(DrawPage("panel", 1, "answer", "一二三四五六", ("一二三四五六", "七"), ""), options)
    assert shown.body[0].data == "一二三四五".encode("gbk") + TEXT_END
    assert shown.title is not None
    assert shown.title.data == "一二三四五".encode("gbk") + TEXT_END


def test_a_display_without_title_and_footer_shows_the_body() -> None:
    options = DwinOptions(layout=Layout(title=0, footer=0))
    assert options.check() == []
    assert not options.titled
    target = image(DrawPage("panel", 1, "notice", "题", ("甲",), "尾"), options)
    assert (target.title, target.footer) == (None, None)
    shown: dict[int, bytes] = {}
    steps = []
    while (step := next_write(shown, 1, target)) is not None:
        assert isinstance(step, Piece)
        steps.append(step.part)
        shown[step.vp] = step.data
    assert steps == ["body"]


def test_a_project_without_the_further_pictures_shows_the_answers_instead() -> None:
    plain = DwinOptions()
    full = DwinOptions(layout=Layout(page={"idle": 0, "notice": 1, "answer": 2, "refused": 3, "alarm": 4}))
    drawn = {
        name: (image(page(name=name), plain).page, image(page(name=name), full).page) for name in ("refused", "alarm")
    }
    assert drawn == {"refused": (2, 3), "alarm": (2, 4)}
    assert full.check() == []
