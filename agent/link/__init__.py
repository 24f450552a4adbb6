"""The link to the centre: MQTT in, events; effects in, MQTT. Decides nothing but whether a message is of the contract."""

from agent.link.access import BrokerAccess, Login, UnitKeys
from agent.link.client import Link

__all__ = ["BrokerAccess", "Link", "Login", "UnitKeys"]
