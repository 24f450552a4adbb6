"""The deciding part of the agent: pure functions of state, event and time."""
