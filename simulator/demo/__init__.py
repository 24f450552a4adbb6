"""`doorward demo`: the whole product on one machine, with real processes on simulated hardware, under one temporary folder."""
