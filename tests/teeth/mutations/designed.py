"""Mutations of designed pages: what the core lays out, and what a built DWIN panel is told."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

PAGES = "tests/agent/core/test_designed_pages.py"
BUILT = "tests/drivers/test_built_panel.py"

MUTATIONS = [
    Mutation(
        "a character that the large letters lack is drawn as a box",
        "agent/core/laid.py",
        "    return size.charset == charset or drawn == text.drawable(words, charset)\n",
        "    return True\n",
        (f"{PAGES}::test_a_title_that_the_large_letters_cannot_draw_gets_the_next_size",),
    ),
    Mutation(
        "a router that starts anew is shown as an outage",
        "agent/core/pages.py",
        'link.state in ("connecting", "down") and down_s >= limits.NO_NETWORK_S',
        'link.state in ("connecting", "down")',
        (f"{PAGES}::test_what_is_unusual_stands_at_the_foot_the_gravest_first",),
    ),
    Mutation(
        "nobody can type while a call for help stands",
        "agent/core/keypad.py",
        'not in {"fire", "emergency", "entry"}:',
        'not in {"fire", "emergency", "entry", "help"}:',
        (f"{PAGES}::test_a_touch_ends_an_answer_and_covers_a_call_for_help_but_nothing_graver",),
    ),
    Mutation(
        "a panel with other files is drawn on",
        "drivers/display/dwin.py",
        "        self._known = fault is None\n        if fault is not None:\n",
        "        self._known = True\n        if False:\n",
        (f"{BUILT}::test_other_files_are_told_once_and_drawn_on_never",),
    ),
    Mutation(
        "after a power cut other files are not noticed",
        "drivers/display/dwin.py",
        "        self._known = not self._verifies\n        self._nonce_written",
        "        self._known = self._known or not self._verifies\n        self._nonce_written",
        (f"{BUILT}::test_after_a_power_cut_everything_comes_again_and_the_files_are_asked_anew",),
    ),
    Mutation(
        "a page of a built panel is written where people read",
        "drivers/display/dwin_designed.py",
        "    there = 1 - here\n",
        "    there = here\n",
        (f"{BUILT}::test_what_shows_is_always_a_whole_page",),
    ),
    Mutation(
        "which page a panel shows is taken for granted after a lost answer",
        "drivers/display/dwin.py",
        "asks = self._form is not None and self._page is None",
        "asks, self._page = False, self._page or 0",
        (f"{BUILT}::test_what_shows_is_always_a_whole_page",),
    ),
    Mutation(
        "a key that comes while something is said is lost",
        "drivers/display/dwin.py",
        "self._answers.clear(KEY_VP if self.unasked else None)",
        "self._answers.clear()",
        (f"{BUILT}::test_touched_keys_are_told_once_each_also_amid_drawing",),
    ),
    Mutation(
        "a monitor shows which key was touched",
        "drivers/display/dwin_decoding.py",
        'return Seen("touched: •", IN)',
        "return Seen(body.hex(), IN, frame)",
        (f"{BUILT}::test_a_monitor_shows_that_a_key_was_touched_not_which",),
    ),
]
