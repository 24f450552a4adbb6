"""Mutations of what an installer is told of a display, and of how the demo shows one."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

PANEL = "tests/agent/cli/test_setup_panel.py"

MUTATIONS = [
    Mutation(
        "a panel with other files passes the check",
        "agent/commissioning/panel_findings.py",
        "    elif seen.sure:\n",
        "    elif seen:\n",
        (f"{PANEL}::test_probe_names_a_built_panel_and_check_says_whether_it_fits",),
    ),
    Mutation(
        "check talks to a panel beside the agent",
        "agent/commissioning/panel_findings.py",
        "    if _runs(config):\n",
        "    if not _runs(config) and False:\n",
        (f"{PANEL}::test_a_panel_that_somebody_else_may_talk_to_is_left_alone",),
    ),
    Mutation(
        "a panel that says what it is built for is asked about all the same",
        "agent/commissioning/questions.py",
        ' or "layout" in sighting.options:',
        ":",
        (f"{PANEL}::test_a_built_panel_is_not_asked_about",),
    ),
    Mutation(
        "files that are turned are built without the panel's own settings",
        "agent/cli/panel_files.py",
        " or wanted.form.rotate:",
        ":",
        (f"{PANEL}::test_what_cannot_be_built_here_is_the_offices_in_one_command",),
    ),
    Mutation(
        "a Chinese line under the demo's keypad is cut by characters",
        "simulator/demo/glass.py",
        "set_cell_size(line.plain, self.width - KEYPAD_WIDTH)",
        "line.plain[: self.width - KEYPAD_WIDTH]",
        ("tests/simulator/demo/test_terminal.py::test_every_page_fills_the_glass_and_no_more",),
    ),
]
