"""The questions `doorward probe` asks, in their order, and the readers it listens for. A further protocol is one row here."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.display import dwin_inquiry, tjc_inquiry
from drivers.meter import inquiry as meter_inquiry
from drivers.modbus import inquiry as modbus_inquiry
from drivers.osdp import inquiry as osdp_inquiry
from drivers.probing import Hearing, Inquiry
from drivers.reader import hearing as line_hearing
from drivers.reader import rdm6300_hearing

INQUIRIES: Sequence[Inquiry] = (
    modbus_inquiry.INQUIRY,
    osdp_inquiry.INQUIRY,
    dwin_inquiry.INQUIRY,
    tjc_inquiry.INQUIRY,
    meter_inquiry.INQUIRY,
)

HEARINGS: Sequence[Hearing] = (rdm6300_hearing.HEARING, line_hearing.HEARING)
"""The most exact form first: the first that hears something is believed."""
