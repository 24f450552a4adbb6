"""Several serves beside each other, and books that are away."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

SHARE = "tests/simulator/test_several_serves.py::test_they_share_the_units_and_one_of_them_speaks_for_all"
KILLS = "tests/simulator/test_several_serves.py::test_nothing_is_lost_or_twice_whoever_is_killed[4]"
AWAY = "tests/centre/test_books_away.py::test_wherever_they_are_taken_away_nothing_is_lost"

MUTATIONS = [
    Mutation(
        "a batch that was checked with another unit's key is taken",
        "centre/intake.py",
        "checked.public != key.public",
        'checked.public == b""',
        ("tests/centre/test_backlog.py::test_what_was_checked_with_another_key_is_checked_again[sqlite]",),
    ),
    Mutation(
        "each serve takes the messages of all units",
        "centre/leases.py",
        "        return self.single or partition_of(unit) in self._held\n",
        "        return bool(unit) or self.single\n",
        (SHARE,),
    ),
    Mutation(
        "the death of one serve tells units that nobody is there",
        "centre/service.py",
        "isinstance(said, Presence) and not said.online:",
        "isinstance(said, Presence) and said.since_utc < 0:",
        (KILLS,),
    ),
    Mutation(
        "each serve hands all alarms over",
        "centre/service.py",
        "            self._handover.offer(leads=self._share.leads)",
        "            self._handover.offer(leads=self._up)",
        (SHARE,),
    ),
    Mutation(
        "an old question to one that died says that a unit forgot",
        "centre/share.py",
        "                if now - at < KEPT_S and not _asks_only(message):\n",
        "                if now - at < KEPT_S:\n",
        (SHARE,),
    ),
    Mutation(
        "a copied folder goes on signing with keys that units trust no longer",
        "centre/current_keys.py",
        "        if lost:\n            what",
        "        if not ring:\n            what",
        ("tests/centre/test_several.py::test_a_copied_folder_whose_keys_units_trust_no_longer_stops_serving[sqlite]",),
    ),
    Mutation(
        "a unit is nobody's while the register cannot be read",
        "centre/broker_watch.py",
        "        if unit not in self._ours and now - self._read_mono >= READ_S:\n",
        "        if unit not in self._ours and now - self._read_mono >= READ_S:\n            self._read_mono = now\n",
        (f"{AWAY}[postgresql]",),
    ),
]
