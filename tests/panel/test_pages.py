"""Every page as it stands on a finished panel: built files, the core's words, the driver's writes, pixels. Nothing clipped, missing or pale."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from PIL import Image, ImageChops

from agent.core import pages
from agent.core.effects import Page
from agent.core.plan import DisplayPlan
from agent.core.state import State
from agent.core.state.people import TypedKeys
from agent.locale import LANGUAGES
from contract.messages import Category, Settings, Sign
from drivers.display.design import SIZES, Form, drawing
from panel import signs
from simulator.dwin_set.legibility import contrast, luminance, outside, ratio, without_ink
from simulator.dwin_set.render import Drawn, Renderer
from tests.agent.core.bench import SITE, UTC, Bench, notice, unit_plan
from tests.agent.test_words import ANSWERS, LONGEST
from tests.panel import looks
from tests.panel.legibility import MADE
from tests.panel.shots import shot

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("panel pages")]

COMMON = Form(800, 480)
SOME = (COMMON, Form(480, 272), Form(480, 272, 90, large=True), Form(1024, 600, 90))
ALL = tuple(
    Form(*size, turn, large) for size, turn, large in itertools.product(SIZES, (0, 90, 180, 270), (False, True))
)
REST = tuple(form for form in ALL if form not in SOME)
LEAST_CONTRAST = 7.0
"""WCAG 2.2, 1.4.6."""
LONG = {**LONGEST, "unit": "燕儿岛路十八号八大湖新村东区第十二号楼二单元西侧地下室入口处"[:30], "next": "十二" * 15}
NOTICE = "关于八大湖社区燕儿岛路十八号停水检修的紧急通知"
Draw = Callable[[Form], Renderer]


def faults(drawn: Drawn, page: Page) -> Iterator[str]:
    """What a resident could not read."""
    yield from drawn.faults
    said = [text.laid.text.rstrip() for text in drawn.texts if text.laid.text.strip()]
    told = [page.large, page.title, page.aside, *page.body, page.contact, page.footer]
    if sorted(said) != sorted(line.rstrip() for line in told if line.strip()):
        yield f"{said} stands there, not {told}"
    for text in drawn.texts:
        yield from without_ink(drawn, text)
        if contrast(drawn, text) < LEAST_CONTRAST:
            yield f"{text.laid.text}: contrast {contrast(drawn, text):.1f}"
    if outside(drawn):
        yield "a text is drawn beyond its box"


def whole(renderer: Renderer, form: Form, made: tuple[Page, ...]) -> None:
    for page in made:
        drawn = shot(renderer, form, page)
        assert drawn.image.size == (form.across, form.down)
        assert list(faults(drawn, page)) == [], (form.identity, page)


def begun(form: Form, language: str) -> tuple[State, DisplayPlan]:
    state, display = looks.state_of(form, language)
    bench = Bench(unit_plan(displays=(display,), language=language, name=LONG["unit"]))
    bench.state = replace(state, plan=bench.state.plan)
    bench.message(Settings(SITE, 2, UTC, sign=Sign(worker="欧阳" * 15, phone=LONG["phone"], community="八大湖" * 10)))
    return bench.state, display


def every_text(state: State, display: DisplayPlan) -> Iterator[tuple[Page, ...]]:
    fields = {**LONG, "inputs": pages.say(state, "input.gas")}
    for key, tone in itertools.product(ANSWERS, ("yes", "no", "none")):
        yield pages.message_pages(state, display, "answer", key, fields, tone)
    for kind, key in (("fire", "fire"), ("emergency", "emergency"), ("question", "ask"), ("question", "report.ask")):
        yield pages.message_pages(state, display, kind, key, fields, "warning")
    for typed in (TypedKeys(), TypedKeys(count=32, starred=True), TypedKeys(count=4, card=True)):
        yield pages.entry(state, display, typed)
    yield pages.idle(state, display)


def long_notices(state: State, display: DisplayPlan) -> Iterator[tuple[Page, ...]]:
    for category, text in itertools.product(Category, ("停水。", "今日8:00-12:00停水，请储水。镕" * 1400)):
        told = notice("n", 1, title=NOTICE, text=text, category=category)
        yield pages.of_notice(state, display, told)


def check_all(renderer: Renderer, form: Form, language: str) -> None:
    state, display = begun(form, language)
    seen = set()
    for made in itertools.chain(every_text(state, display), long_notices(state, display)):
        fresh = tuple(page for page in made if page not in seen)
        seen.update(fresh)
        whole(renderer, form, fresh)
    assert {page.look for page in seen} == set(looks.LOOKS)


@pytest.mark.parametrize(
    "language", ["zh-CN", *(pytest.param(each, marks=pytest.mark.soak) for each in LANGUAGES if each != "zh-CN")]
)
@pytest.mark.parametrize("form", SOME, ids=lambda form: form.identity)
def test_every_text_of_the_catalogue_stands_whole_on_a_finished_panel(
    form: Form, language: str, finished: Draw
) -> None:
    check_all(finished(form), form, language)


@pytest.mark.soak
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", REST, ids=lambda form: form.identity)
def test_every_text_of_the_catalogue_stands_whole_on_all_other_panels(
    form: Form, language: str, finished: Draw
) -> None:
    check_all(finished(form), form, language)


# --- what the eye gets, from the pixels


def changed(drawn: Drawn, box: tuple[int, int, int, int]) -> Image.Image:
    """Which pixels texts were drawn on, in black and white."""
    difference = ImageChops.difference(drawn.image.crop(box), drawn.ground.crop(box))
    return difference.convert("L").point([0] + [255] * 255)


def mm(form: Form, pixels: int) -> float:
    return pixels * MADE[form.width, form.height] / form.height


@pytest.mark.parametrize("form", SOME, ids=lambda form: form.identity)
def test_letters_are_as_high_on_the_glass_as_the_page_says(form: Form, finished: Draw) -> None:
    """A notice, and an answer of a few words, which stands in larger letters where it has room."""
    state, display = looks.state_of(form)
    long = pages.of_notice(state, display, notice("n", 1, title="国家", text="国国" * 300))[0]
    short = replace(looks.LOOKS["yes"](state, display), title="国家", body=("国国",), sizes=())
    for page, least in ((long, 5.0), (short, 7.5 if form in SOME[:2] else 5.0)):
        drawn = shot(finished(form), form, page)
        heights = {}
        for text_drawn in drawn.texts:
            ink = changed(drawn, text_drawn.box).getbbox()
            if ink is not None:
                heights[text_drawn.laid.text] = mm(form, ink[3] - ink[1])
        assert heights["国家"] >= 7.5
        assert heights[page.body[0]] >= least


@pytest.mark.parametrize("look", looks.LOOKS)
def test_ink_and_ground_differ_in_every_pixel_that_is_drawn(look: str, finished: Draw) -> None:
    state, display = looks.state_of(COMMON)
    drawn = shot(finished(COMMON), COMMON, looks.LOOKS[look](state, display))
    whole_page = (0, 0, *drawn.image.size)
    mask = changed(drawn, whole_page).tobytes()
    after, before = drawn.image.tobytes(), drawn.ground.tobytes()
    pairs = {(after[3 * at : 3 * at + 3], before[3 * at : 3 * at + 3]) for at, one in enumerate(mask) if one}
    lights = [sorted(luminance((each[0], each[1], each[2])) for each in pair) for pair in pairs]
    assert min((light + 0.05) / (dark + 0.05) for dark, light in lights) >= LEAST_CONTRAST


def silhouette(drawn: Drawn, form: Form, look: str) -> Image.Image:
    """The sign as it stands on the page: what is not ground."""
    sign = drawing(form, look).sign
    assert sign is not None
    part = drawn.ground.crop((sign.x, sign.y, sign.x + sign.side, sign.y + sign.side))
    ground = Image.new("RGB", part.size, drawn.ground.getpixel((0, form.down // 2)) if look != "emergency" else "white")
    shape = ImageChops.difference(part, ground).convert("L").point([0] * 60 + [255] * 196)
    return shape.resize((96, 96))


@pytest.mark.parametrize("form", [COMMON, Form(480, 272), Form(1024, 600, 90)], ids=lambda form: form.identity)
def test_yes_and_no_and_all_answers_differ_in_shape_and_in_tone(form: Form, finished: Draw) -> None:
    """Seen without colour, and from so far that no word can be read: what both shapes share of what either covers."""
    state, display = looks.state_of(form)
    answers = ("yes", "no", "checkin", "help", "emergency", "fire", "state", "missing")
    shots = {look: shot(finished(form), form, looks.LOOKS[look](state, display)) for look in answers}
    shapes = {look: silhouette(drawn, form, look) for look, drawn in shots.items()}
    for one, other in itertools.combinations(answers, 2):
        both = ImageChops.darker(shapes[one], shapes[other]).histogram()[255]
        either = ImageChops.lighter(shapes[one], shapes[other]).histogram()[255]
        assert both / either < (0.45 if {one, other} == {"yes", "no"} else 0.75), (one, other, both / either)
    grounds = {look: shots[look].ground.getpixel((30, form.down // 2)) for look in ("yes", "no")}
    assert ratio(*grounds.values()) > 1.3  # type: ignore[arg-type]


def test_a_sign_that_is_drawn_alike_would_be_seen() -> None:
    """The measure itself: a shape and itself share all."""
    (name, picture), *_ = signs.sheet(96, 0xFFFFFF, 0)
    shape = picture.convert("L").point([0] * 60 + [255] * 196)
    assert name
    assert ImageChops.darker(shape, shape).histogram()[255] == ImageChops.lighter(shape, shape).histogram()[255] > 0
