"""How long a built DWIN panel takes to draw, on a line at 115200 baud through a pty: from the order to the last acknowledgement."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import pytest

from drivers.display.design import IDENTITY_VP, Form
from drivers.display.designed import DesignedLayout
from drivers.reports import DrawPage, PageReport
from simulator.box import Box, BoxSpec
from simulator.dwin_panel import Layout
from tests.drivers.built_bench import FORMS, full, written
from tests.drivers.rig import Rig
from tests.waiting import eventually

ANSWER_S, NOTICE_S = 0.12, 0.4
"""From a tap to the last byte; the medians of several stay below."""


def answer(form: Form, token: int) -> DrawPage:
    """As many words as an answer has, with whom to ask."""
    body = ("请到您的单元门刷卡", "或联系网格员", "欧阳敏敏", "0532-55501234")
    return DrawPage("panel", token, "refused", "此卡不能开这扇门", body, "14:05", look="no")


@pytest.mark.slow
@pytest.mark.parametrize("form", [form for form in FORMS if not form.large], ids=lambda form: form.identity)
def test_pages_are_drawn_in_time(tmp_path: Path, form: Form, record_property) -> None:
    with Box(tmp_path / "box", BoxSpec(panel=Layout())) as box:
        box.panel._store(IDENTITY_VP, written(form.identity))
        rig = Rig(box)
        port = rig.port(
            "screen", "dwin", "panel", layout=DesignedLayout(f"{form.width}x{form.height}", form.rotate, form.large)
        )
        rig.found("panel")

        def drawn_s(page: DrawPage) -> float:
            begun = time.monotonic()
            port.order(page)
            eventually(lambda: [fact for fact in rig.told.of(PageReport) if fact.token == page.token])
            return time.monotonic() - begun

        taken: dict[str, list[float]] = {"answer": [], "notice": []}
        for token in range(1, 10, 3):
            drawn_s(full(form, "idle", token))
            taken["answer"].append(drawn_s(answer(form, token + 1)))
            taken["notice"].append(drawn_s(full(form, "policy", token + 2)))
        port.stop(1.0)
    middle = {what: statistics.median(times) for what, times in taken.items()}
    record_property(
        "figure", f"{form.identity}: answer {1000 * middle['answer']:.0f} ms, notice {1000 * middle['notice']:.0f} ms"
    )
    assert middle["answer"] < ANSWER_S
    assert middle["notice"] < NOTICE_S
