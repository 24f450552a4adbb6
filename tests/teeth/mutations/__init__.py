"""The committed mutations: each a fault somebody could make, and the test that must see it."""

from __future__ import annotations

from tests.teeth.mutation import Mutation
from tests.teeth.mutations import (
    agent,
    broker,
    contract_and_centre,
    core,
    designed,
    door,
    drivers,
    hostile,
    households,
    modes,
    panel,
    people,
    record,
    rounds,
    said,
    seen,
    serves,
    store,
    words,
)

MUTATIONS: list[Mutation] = [
    *door.MUTATIONS,
    *core.MUTATIONS,
    *agent.MUTATIONS,
    *store.MUTATIONS,
    *words.MUTATIONS,
    *drivers.MUTATIONS,
    *contract_and_centre.MUTATIONS,
    *hostile.MUTATIONS,
    *modes.MUTATIONS,
    *people.MUTATIONS,
    *households.MUTATIONS,
    *broker.MUTATIONS,
    *serves.MUTATIONS,
    *record.MUTATIONS,
    *rounds.MUTATIONS,
    *said.MUTATIONS,
    *panel.MUTATIONS,
    *designed.MUTATIONS,
    *seen.MUTATIONS,
]
