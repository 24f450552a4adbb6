"""The committed mutations: each a fault somebody could make, and the test that must see it."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

DOOR = "tests/agent/core/test_door.py"
COMMANDS = "tests/agent/core/test_commands.py"
INTAKE = "tests/centre/test_intake.py"

MUTATIONS: list[Mutation] = [
    Mutation(
        "a lock may hang on a board that cannot time a pulse",
        "agent/config/checks.py",
        "            if driver.outputs(options) and not driver.times_pulses(options):\n",
        "            if driver.outputs(options) and driver.times_pulses is None:\n",
        ("tests/agent/test_config_devices.py::test_a_lock_on_a_board_that_cannot_time_a_pulse_is_refused",),
    ),
    Mutation(
        "a panel that lost power is not noticed",
        "drivers/display/tjc.py",
        "        if value != self._nonce:\n",
        "        if value > self._nonce:\n",
        ("tests/drivers/test_tjc_faults.py::test_a_power_cycled_panel_gets_everything_again",),
    ),
    Mutation(
        "a line of the door's table: lockdown ignores fire",
        "agent/core/door.py",
        "moves.release,          moves.release,          moves.release,          moves.release,   ",
        'moves.release,          moves.release,          moves.release,          "locked down",   ',
        (f"{DOOR}::test_fire_releases_in_the_same_step_whatever_the_state",),
    ),
    Mutation(
        "the fire latch is not saved",
        "agent/core/door.py",
        "    if latched(turn) != before:\n",
        "    if latched(turn) == frozenset():\n",
        (f"{DOOR}::test_fire_releases_in_the_same_step_whatever_the_state",),
    ),
    Mutation(
        "the fire latch is not read at start",
        "agent/app.py",
        "        latched = latch.read(state)",
        "        latched = latch.read(state / 'elsewhere')",
        ("tests/system/test_fire.py::test_fire_releases_within_a_second_and_outlives_a_kill",),
    ),
    Mutation(
        "the door is not relocked when it closes",
        "agent/core/moves.py",
        "    if came_in and lock.pulsing(door, now) and not door.rests_unlocked:\n",
        "    if came_in and lock.pulsing(door, now) and door.rests_unlocked:\n",
        (f"{DOOR}::test_the_lock_relocks_when_the_door_closes_unless_somebody_else_was_granted",),
    ),
    Mutation(
        "a lasting level in the place of a pulse",
        "agent/core/lock.py",
        "    turn.urge(PulseLock(door.id, order, seconds, now + deadline_s))\n",
        "    turn.urge(SetLock(door.id, order, True, now + deadline_s))\n",
        (f"{DOOR}::test_every_unlock_is_a_pulse_with_the_cap",),
    ),
    Mutation(
        "a pulse that the board does not time",
        "drivers/modbus/board.py",
        "            return self.model.pulse.request(self.unit, index, order.on, order.seconds)\n",
        "            return self.model.set_request(self.unit, index, order.on)\n",
        ("tests/drivers/test_modbus_orders.py::test_the_board_ends_the_pulse_and_its_end_is_told",),
    ),
    Mutation(
        "no look at an order's deadline at the port",
        "drivers/modbus/board.py",
        "            if waiting is running or waiting.order.not_after > now:\n",
        "            if waiting is running or waiting.order.not_after > 0.0:\n",
        ("tests/drivers/test_modbus_orders.py::test_a_late_order_is_never_written",),
    ),
    Mutation(
        "NORMAL for FULL",
        "agent/store/database.py",
        '"synchronous = FULL"',
        '"synchronous = NORMAL"',
        (
            "tests/test_durability.py::test_both_databases_are_opened_with_full_syncing_and_a_log",
            "tests/test_durability.py::test_no_fact_is_told_before_its_bytes_are_synced",
        ),
    ),
    Mutation(
        "acknowledged before it is committed",
        "agent/core/commands.py",
        "    token = turn.record((fact,), seen=seen, durable_by_mono=durable_by)\n",
        "    turn.emit(AckMessage(event.token))\n    token = turn.record((fact,), seen=seen, durable_by_mono=durable_by)\n",
        (f"{COMMANDS}::test_committed_first_then_acknowledged_then_acted_on",),
    ),
    Mutation(
        "no look at a command's expiry",
        "agent/core/commands.py",
        "    if command.iat - limits.CLOCK_SKEW_S > now.utc or now.utc > command.exp:\n",
        "    if command.iat - limits.CLOCK_SKEW_S > now.utc:\n",
        (f"{COMMANDS}::test_what_is_refused_moves_nothing_and_is_told",),
    ),
    Mutation(
        "no second look at the expiry after the commit",
        "agent/core/commands.py",
        "    if turn.now.utc > command.exp or turn.now.mono > waiting.exp_mono:\n",
        "    if turn.now.utc < command.iat - limits.CLOCK_SKEW_S:\n",
        (f"{COMMANDS}::test_an_open_whose_commit_took_too_long_never_fires",),
    ),
    Mutation(
        "used command ids are forgotten over a restart",
        "agent/core/commands.py",
        "    _change(turn, seen={**turn.state.commands.seen, **event.seen})\n",
        "    _change(turn, seen=dict(turn.state.commands.seen))\n",
        (f"{COMMANDS}::test_an_id_is_used_once_over_restarts_and_never_from_before_this_epoch",),
    ),
    Mutation(
        "the wall clock in the place of the monotonic one",
        "agent/clock.py",
        "            return self._set[0] + mono\n",
        "            return self._system()\n",
        ("tests/agent/test_clock.py::test_once_set_steps_of_the_system_clock_change_nothing",),
    ),
    Mutation(
        "a mode ends by the wall clock",
        "agent/core/door.py",
        "door.mode_until is not None and door.mode_until <= turn.now.mono:\n",
        "door.mode_until is not None and door.mode_until <= turn.now.utc:\n",
        (f"{DOOR}::test_a_mode_ends_by_monotonic_time_whatever_the_clock_does",),
    ),
    Mutation(
        "no look at the retain flag in the link",
        "agent/link/translate.py",
        "        if retained and kind in _NEVER_RETAINED:\n",
        "        if retained and kind not in _NEVER_RETAINED:\n",
        ("tests/agent/link/test_translate.py::test_retained_is_said_before_anything_is_read",),
    ),
    Mutation(
        "no look at the retain flag in the core",
        "agent/core/commands.py",
        "    if retained:\n        return Reason.RETAINED, None\n",
        "",
        (f"{COMMANDS}::test_a_retained_command_is_refused_also_when_the_link_let_it_through",),
    ),
    Mutation(
        "a notice's key may sign commands",
        "contract/envelope.py",
        "    if kind not in key.kinds:\n",
        "    if not key.kinds:\n",
        ("tests/contract/test_envelope.py::test_a_key_signs_only_its_kinds",),
    ),
    Mutation(
        "messages before the exit button",
        "agent/inbox.py",
        "            if self._door:\n                return self._door.popleft()\n",
        "            if self._door and not self._rest:\n                return self._door.popleft()\n",
        ("tests/agent/test_inbox.py::test_door_events_come_first_each_lane_in_order",),
    ),
    Mutation(
        "the centre does not look whether the chain goes on from its books",
        "centre/history.py",
        "        if header.first == epoch.seq + 1 and bytes.fromhex(header.prev) != epoch.head:\n",
        "        if header.first == epoch.seq + 1 and not header.prev:\n",
        ("tests/centre/test_chain.py::test_the_next_number_of_another_history_is_not_entered",),
    ),
    Mutation(
        "the centre does not chain the lines of a batch",
        "contract/facts.py",
        "    if h.hex() != header.head:\n",
        "    if not header.head:\n",
        (f"{INTAKE}::test_what_is_not_signed_by_the_unit_is_refused",),
    ),
    Mutation(
        "verify does not chain the lines in the books",
        "centre/verify.py",
        "    if chain(h, row.line) != row.h:\n",
        "    if not chain(h, row.line):\n",
        ("tests/centre/test_verify.py::test_one_byte_of_a_line",),
    ),
    Mutation(
        "a fact sent again is counted again",
        "centre/history.py",
        "            if seq <= known:\n                continue\n",
        "",
        (f"{INTAKE}::test_a_batch_that_overlaps_brings_only_the_rest",),
    ),
    Mutation(
        "a check-in is told before it is durable",
        "agent/core/checkin.py",
        "    _keep(turn, {**recent, (holder, door_id): taken})\n",
        "    _keep(turn, {**recent, (holder, door_id): taken})\n    _tell(turn, door_id, taken)\n",
        ("tests/agent/core/test_checkin.py::test_the_screen_says_so_only_when_it_is_durable",),
    ),
]
