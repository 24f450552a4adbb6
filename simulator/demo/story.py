"""`doorward demo --story`: every step in order, each with its time; ends by itself. Exit 0 when all held, else 1 with the step that did not."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from simulator.demo import proofs, steps, steps_entry, steps_grid, steps_safety
from simulator.demo.acting import Scene
from simulator.demo.stage import Stage
from simulator.demo.steps import Step
from simulator.demo.told import Told
from simulator.demo.waiting import NotHeldError

STORY = (
    Step("set up: broker, centre, unit", steps.set_up),
    Step("with the broker down, a resident's card opens the door", steps.card_without_network),
    Step("unknown, expired and not-yet cards are refused, in Chinese", steps.refused_cards),
    Step("the broker comes up: the backlog reaches the books, once", steps.backlog),
    Step("a notice to the yard is shown, counted, and withdrawn", steps.notice_shown),
    Step("a wiped, newly enrolled unit shows the standing notice", steps.wiped_unit),
    Step("a panel that lost its power comes back whole", steps.panel_without_power),
    Step("a remote open: the door is opened", steps.remote_open),
    Step("a remote open: nobody comes", steps.nobody_came),
    Step("six forged opens: each refused, the relay silent", proofs.forged_opens),
    Step("patrol check-ins with the network cut", steps.patrol_offline),
    Step("fire releases, through kill -9, until a reset", steps.fire),
    Step("the exit button works with the disk full", steps.exit_on_full_disk),
    Step("kill -9 in mid-unlock", steps.killed_in_mid_unlock),
    Step("a second unit, next door", steps_entry.second_unit),
    Step("a PIN opens; one for duress opens too, and raises an alarm", steps_entry.pins),
    Step("a visitor's code, made while the unit is offline, opens once", steps_entry.visitor),
    Step("a door's hours end to the minute", steps_entry.hours),
    Step("a round over two units: one stop late, one missed", steps_grid.rounds),
    Step("a report: filed, assigned, answered, rated", steps_grid.report),
    Step("a resident orders a service", steps_grid.service),
    Step("a poll of three households, one of which changes its vote", steps_grid.poll),
    Step("five wrong PINs lock the keypad, a card still opens", steps_entry.wrong_pins),
    Step("a watched household has gone silent", steps_safety.silence),
    Step("a lockdown of the yard, and a fire in it", steps_safety.lockdown),
    Step("an emergency notice", steps_safety.emergency),
    Step("a lost card is revoked everywhere", steps_safety.lost_card),
    Step("somebody moves out and is erased", steps_safety.erasure),
    Step("verify passes, and fails after one byte is changed", proofs.verified),
)

Say = Callable[[str], None]


class Story:
    def __init__(self, stage: Stage, say: Say, steps: Sequence[Step] = STORY) -> None:
        self.told: list[Told] = []
        self.scene = Scene(stage)
        self._stage = stage
        self._say = say
        self._steps = steps
        self._began = time.monotonic()

    def run(self) -> bool:
        """Whether every step held. Stops at the first that did not."""
        try:
            return all(self._tell(step) for step in self._steps) and self._no_half_drawn_screen()
        finally:
            self.scene.close()

    def _tell(self, step: Step) -> bool:
        started = time.monotonic()
        try:
            words, held = step.act(self.scene), True
        except NotHeldError as error:
            words, held = str(error), False
        ended = time.monotonic()
        told = Told(ended - self._began, ended - started, step.title, words, held)
        self.told.append(told)
        self._say(f"{told.at_s:6.2f} s  {'ok    ' if held else 'FAILED'}  {step.title}")
        self._say(f"                  {words}")
        if not held:
            self._say_why()
        return held

    def _no_half_drawn_screen(self) -> bool:
        doors = [door for door in (self.scene, self.scene.other) if door is not None]
        half = [glimpse for door in doors for glimpse in door.box.panel.half_drawn]
        screens = sum(len(door.box.panel.history) for door in doors)
        if half:
            self._say(f"FAILED  half-drawn screens: {half[0]}")
            return False
        self._say(
            f"{time.monotonic() - self._began:6.2f} s  ok      no screen was ever half drawn ({screens} changes seen)"
        )
        return True

    def _say_why(self) -> None:
        for child in (self._stage.agent, self._stage.bureau.serve):
            print(f"--- the last words of {child.name}:", file=sys.stderr)
            print(child.last_words(), file=sys.stderr)
        print("--- the last that happened at the door:", file=sys.stderr)
        for moment in self.scene.box.trace.moments()[-25:]:
            print(moment, file=sys.stderr)
