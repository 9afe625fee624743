"""Several servers of one house: which there are, which of them leads, and what they tell each other."""

from services.servers.events import Alone, Events, LocalEvents
from services.servers.group import HouseServers, OnlyServer

__all__ = ["Alone", "Events", "HouseServers", "LocalEvents", "OnlyServer"]
