"""The wire protocols of door hardware, usable without the agent."""
