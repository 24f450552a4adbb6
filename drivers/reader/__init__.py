"""Card readers on plain serial, and the normal form of card numbers."""
