"""How the network goes: everything that `run.py` made, and what pods left, by commands that may each find nothing."""

from picok8s.network.family import FAMILIES
from picok8s.network.table import TABLE

Command = tuple[str, ...]


def commands(bridge: str) -> list[Command]:
    """The tables go first: a bridge that is gone takes its addresses and routes along."""
    tables: list[Command] = [("nft", "delete", "table", family.table, TABLE) for family in FAMILIES]
    return [*tables, ("ip", "link", "delete", bridge)]
