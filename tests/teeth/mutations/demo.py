"""Mutations of the demo's page: who may ask it, and what it shows."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

GUARD = "tests/simulator/demo/web/test_guard.py"
PAGE = "tests/simulator/demo/web/test_page.py"

MUTATIONS = [
    Mutation(
        "the page answers to any name that points here",
        "simulator/demo/web/guard.py",
        "if len(hosts) != 1 or not _HERE.fullmatch(hosts[0].lower()):",
        "if len(hosts) != 1:",
        (f"{GUARD}::test_under_another_name_nothing_is_answered",),
    ),
    Mutation(
        "what has no origin may open the door",
        "simulator/demo/web/guard.py",
        'if method not in ("GET", "HEAD") and [',
        'if method not in ("GET", "HEAD") and origins and [',
        (f"{GUARD}::test_what_another_page_posts_moves_nothing",),
    ),
    Mutation(
        "the panel's first picture is drawn before anybody listens to it",
        "simulator/demo/web/eyes.py",
        "        self._door.box.panel.listener = self._look\n        self._draw()\n",
        "        self._draw()\n        self._door.box.panel.listener = self._look\n",
        (f"{PAGE}::test_what_changes_while_the_first_picture_is_drawn_is_not_missed",),
    ),
    Mutation(
        "a panel without power is still to be read",
        "simulator/demo/web/eyes.py",
        "        if self.dark:\n",
        "        if self.dark and False:\n",
        (f"{PAGE}::test_without_power_the_panel_is_black_and_everything_is_said",),
    ),
]
