"""A unit's hardware in software: far ends on pseudo-terminals, byte for byte at line speed. Shares no codec with drivers/."""
