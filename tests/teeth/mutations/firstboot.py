"""Mutations of what is taken over at the first start."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

TAKE = "tests/agent/firstboot/test_take.py"

MUTATIONS = [
    Mutation(
        "an enrolment that was done but not wiped is done again",
        "agent/firstboot/take.py",
        '        done = self._notes.enrolment == mark and now not in {"", self._notes.key_before}\n',
        "        done = False\n",
        (f"{TAKE}::test_an_enrolment_that_was_done_but_not_wiped_is_not_done_again",),
    ),
    Mutation(
        "the enrolment is wiped before it is taken",
        "agent/firstboot/take.py",
        "            made = enrol(path, folder)\n",
        '            kept = self._folder / "kept.json"\n'
        "            kept.write_bytes(self._partition.read(path))\n"
        "            self._partition.wipe(path)\n"
        "            made = enrol(kept, folder)\n"
        "            path.write_bytes(b'')\n",
        (f"{TAKE}::test_a_power_cut_at_any_moment_leaves_a_box_that_goes_on",),
    ),
    Mutation(
        "a configuration is taken whoever it is for",
        "agent/firstboot/take.py",
        "        return not lines\n",
        "        return True\n",
        (
            f"{TAKE}::test_a_configuration_for_another_unit_than_the_box_is_changes_nothing",
            f"{TAKE}::test_an_enrolment_for_another_unit_than_the_configuration_changes_nothing",
        ),
    ),
    Mutation(
        "the enrolment's name goes, and its blocks stay",
        "agent/firstboot/files.py",
        "            file.write(bytes(going.stat().st_size))\n",
        "",
        (f"{TAKE}::test_its_blocks_are_overwritten_before_its_name_goes",),
    ),
]
