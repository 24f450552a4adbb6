"""Mutations of what others read of a unit and of the books: metrics, a door's camera, where its clip is."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

METRICS = "tests/agent/test_metrics.py"
CAMERA = "tests/agent/core/test_camera.py"
CLIPS = "tests/centre/test_clips.py"

MUTATIONS = [
    Mutation(
        "a door of which nobody can say is told as shut",
        "agent/metrics.py",
        '        yield {"door": name}, of(door)\n',
        '        yield {"door": name}, of(door) or 0\n',
        (f"{METRICS}::test_what_nobody_can_say_has_no_sample",),
    ),
    Mutation(
        "a label's quotes end it",
        "contract/exposition.py",
        ".replace('\"', '\\\\\"')",
        "",
        (f"{METRICS}::test_a_label_of_any_characters_comes_back",),
    ),
    Mutation(
        "metrics are written over the last ones",
        "agent/statusfile.py",
        "        plainfile.replace(path, metrics.text(status).encode(), durable=False, mode=0o644)\n",
        '        path.write_text(metrics.text(status), encoding="utf-8")\n',
        (f"{METRICS}::test_a_disk_without_room_leaves_the_last_one_whole",),
    ),
    Mutation(
        "each door names the first door's camera",
        "agent/core/step_builder.py",
        "        door = self.door(fact.door)\n        return fact if",
        "        door = self.state.doors[0]\n        return fact if",
        (f"{CAMERA}::test_each_door_names_its_own",),
    ),
    Mutation(
        "what a unit wrote leads the clip's address elsewhere",
        "centre/clips.py",
        '{name: quote(value, safe="", errors="replace") for name, value in values.items()}',
        "values",
        (f"{CLIPS}::test_what_a_unit_wrote_stays_in_its_place",),
    ),
]
