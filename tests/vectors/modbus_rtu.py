"""Modbus RTU frames with their source. No code of ours made these bytes."""

from __future__ import annotations

WIKI = "Waveshare wiki, Modbus RTU Relay / Relay (D), development protocol V2"

REQUESTS = {
    "relay 1 on": ("01 05 00 00 FF 00 8C 3A", WIKI),
    "relay 1 off": ("01 05 00 00 00 00 CD CA", WIKI),
    "pulse on 3.0 s": ("01 05 02 00 00 1E 4C 7A", "mbmap-library modbus-rtu-relay.mbmap.json: flash on, 100 ms units"),
    "pulse on 0.7 s": ("01 05 02 00 00 07 8D B0", WIKI),
    "pulse off 0.7 s": ("01 05 04 00 00 07 8D 38", WIKI),
    "read 8 relays": ("01 01 00 00 00 08 3D CC", WIKI),
    "read 8 inputs": ("01 02 00 00 00 08 79 CC", WIKI),
    "write 8 relays": ("01 0F 00 00 00 08 01 FF BE D5", WIKI),
    "set address 2": ("00 06 40 00 00 02 1C 1A", WIKI),
    "read address": ("00 03 40 00 00 01 90 1B", WIKI),
    "set 115200": ("00 06 20 00 00 05 43 D8", WIKI),
    "read version": ("01 03 80 00 00 01 AD CA", WIKI),
}
INPUTS_REPLY = ("01 02 01 85 60 2B", WIKI + ": inputs 1, 3 and 8 high")

LC = "LC Technology, 4 channel Modbus relay module, Modbus RTU commands"

LC_REQUESTS = {
    "relay 1 on": ("FF 05 00 00 FF 00 99 E4", LC),
    "relay 1 off": ("FF 05 00 00 00 00 D8 14", LC),
    "relay 2 on": ("FF 05 00 01 FF 00 C8 24", LC),
    "read relays": ("FF 01 00 00 00 08 28 12", LC),
    "read inputs": ("FF 02 00 00 00 08 6C 12", LC),
    "pulse on 2.0 s": ("FF 10 00 03 00 02 04 00 04 00 14 C5 9F", LC),
    "pulse off 3.0 s": ("FF 10 00 03 00 02 04 00 02 00 1E A5 99", LC),
}
LC_REPLIES = {
    "pulse": ("FF 10 00 03 00 02 A4 16", LC),
    "relays": ("FF 01 01 01 A1 A0", LC + ": relay 1 on"),
    "inputs": ("FF 02 01 01 51 A0", LC + ": input 1 high"),
}
CHEAP = "gist TG9541, coils from 1, on is 0x0100"
CHEAP_ON = ("01 05 00 01 01 00 9D 9A", CHEAP)
