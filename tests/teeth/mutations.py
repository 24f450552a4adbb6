"""The committed mutations: each a fault somebody could make, and the test that must see it."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

MUTATIONS: list[Mutation] = []
