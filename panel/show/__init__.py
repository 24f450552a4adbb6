"""What a unit's display shows, as pictures: the agent's own pages, written by its driver to a simulated panel. It joins all of these."""
