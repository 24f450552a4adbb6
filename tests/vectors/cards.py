"""One EM card in all its printed and sent forms. Source: the numbers printed on such cards; Wiegand-26 as HID's format H10301."""

from __future__ import annotations

NORMAL = "BC614E"
DECIMAL = "0012345678"
FACILITY = "188,24910"
HEX = "00BC614E"
HEX_REVERSED = "4E61BC00"
WIEGAND_26 = "1" + "101111000110" + "000101001110" + "0"
WIEGAND_34 = "1" + "0000000010111100" + "0110000101001110" + "0"
