"""A simulated world around the core: locks with their own timers, people, a store that dies, a broker that loses, a centre with books."""
