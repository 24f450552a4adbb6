"""A fleet in software: thousands of units in one process that sign, chain, keep and answer as real ones do, over the contract alone.

`street.py` is the scene (a centre's folder, broker, `serve`), `fleet.py` what the units can be ordered to do:

    with Street(folder, 2000) as street:
        street.settle()
        street.fleet.drain(800)
        street.fleet.storm()
        street.fleet.until("all is confirmed", lambda: not street.fleet.unconfirmed)

What it leaves out of a unit: doors, displays and disks, cards (a roster is counted, not asked), the limits of what a unit takes, and `drain_facts_s`
(a backlog under 5,000 facts goes as the agent's does; a longer one faster).
"""
