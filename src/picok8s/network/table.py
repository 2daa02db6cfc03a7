"""The nftables table as data: pieces of rules, each owned by one object, and the commands from one state to the next.

A `Piece` is what one service or one pod needs: chains, elements of shared maps and sets, and sets of its own. `Table`
keeps the pieces and gives text for `nft -f -`: `replace()` for the whole table, atomically in the place of whatever
is there, and `update()` for what changed. No I/O; whoever applies the text calls `replace()` again if the kernel
refused an update.

Two objects may want the same thing (a chain that they share, an external IP claimed twice, an endpoint of two
services): the first to come has it, and the next one inherits it.
"""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from picok8s.network.family import Family

TABLE = "picok8s"

Owner = tuple[str, ...]  # ("service", namespace, name) or ("pod", namespace, name)
Element = tuple[str, str]  # (map or set, key)
Flow = tuple[str, int, str]  # (address or "" for every address of the node, port, endpoint's address)
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Piece:
    """Whoever makes a piece fills it; after that nobody changes it."""

    chains: dict[str, tuple[str, ...]] = field(default_factory=dict)  # Name -> rules.
    elements: dict[Element, str] = field(default_factory=dict)  # Value of a map's element, "" in a set.
    sets: dict[str, str] = field(default_factory=dict)  # Of maps too: name -> type. A name never changes its type.
    flows: set[Flow] = field(default_factory=set)  # UDP: connection tracking remembers where it sent them.


EMPTY = Piece()


class Claims(Generic[K, V]):
    """Who wants what, by key."""

    def __init__(self) -> None:
        self.owners: dict[K, dict[Owner, V]] = {}

    def value(self, key: K) -> V | None:
        owners = self.owners.get(key)
        return next(iter(owners.values())) if owners else None

    def change(self, owner: Owner, old: dict[K, V], new: dict[K, V], before: dict[K, V | None]) -> None:
        """Puts `new` in the place of `old`; `before` learns what each touched key was."""
        for key in old.keys() | new.keys():
            if old.get(key) == new.get(key):
                continue
            before.setdefault(key, self.value(key))
            owners = self.owners.setdefault(key, {})
            if key in new:
                owners[owner] = new[key]
            else:
                del owners[owner]
            if not owners:
                del self.owners[key]

    def differences(self, before: dict[K, V | None]) -> tuple[dict[K, V], dict[K, V]]:
        """(what was and is no more, what is new); a changed value is in both."""
        removed, added = {}, {}
        for key, was in before.items():
            now = self.value(key)
            if was == now:
                continue
            if was is not None:
                removed[key] = was
            if now is not None:
                added[key] = now
        return removed, added


class Table:
    """What one family's table should hold."""

    def __init__(self, family: Family, skeleton: str) -> None:
        """`skeleton`: the maps, sets and chains that are always there, as the inside of `table ... { }`."""
        self.family = family
        self.name = f"{family.table} {TABLE}"
        self.skeleton = skeleton
        self.pieces: dict[Owner, Piece] = {}
        self.chains: Claims[str, tuple[str, ...]] = Claims()
        self.elements: Claims[Element, str] = Claims()
        self.sets: Claims[str, str] = Claims()

    def replace(self) -> str:
        """The whole table. One transaction: there is no moment without rules."""
        lines = [f"add table {self.name}", f"delete table {self.name}", f"table {self.name} {{", self.skeleton, "}"]
        for name in self.sets.owners:
            lines.append(declaration(self.name, name, self.sets.value(name) or ""))
        # Chains name each other, so all exist before the first rule.
        lines += [f"add chain {self.name} {name}" for name in self.chains.owners]
        for name in self.chains.owners:
            lines += self.rules(name, self.chains.value(name) or ())
        lines += self.in_maps("add", {key: self.elements.value(key) or "" for key in self.elements.owners})
        return "\n".join([*lines, ""])

    def update(self, changes: dict[Owner, Piece]) -> str:
        """The commands from what was to what shall be; "" when nothing changes. An empty piece removes its owner."""
        chains: dict[str, tuple[str, ...] | None] = {}
        elements: dict[Element, str | None] = {}
        sets: dict[str, str | None] = {}
        for owner, new in changes.items():
            old = self.pieces.get(owner, EMPTY)
            if old == new:
                continue
            self.chains.change(owner, old.chains, new.chains, chains)
            self.elements.change(owner, old.elements, new.elements, elements)
            self.sets.change(owner, old.sets, new.sets, sets)
            if new == EMPTY:
                del self.pieces[owner]
            else:
                self.pieces[owner] = new
        return self.commands(chains, elements, sets)

    def commands(
        self,
        chains: dict[str, tuple[str, ...] | None],
        elements: dict[Element, str | None],
        sets: dict[str, str | None],
    ) -> str:
        """Names appear before they are used and go after: sets, chains, elements, and the dead at the end."""
        old_chains, new_chains = self.chains.differences(chains)
        old_elements, new_elements = self.elements.differences(elements)
        old_sets, new_sets = self.sets.differences(sets)
        lines = [declaration(self.name, name, kind) for name, kind in new_sets.items()]
        lines += [f"add chain {self.name} {name}" for name in new_chains if name not in old_chains]
        lines += [f"flush chain {self.name} {name}" for name in old_chains]
        for name, rules in new_chains.items():
            lines += self.rules(name, rules)
        lines += self.in_maps("delete", old_elements)
        lines += self.in_maps("add", new_elements)
        lines += [f"delete chain {self.name} {name}" for name in old_chains if name not in new_chains]
        lines += [f"delete {word(kind)} {self.name} {name}" for name, kind in old_sets.items()]
        return "\n".join([*lines, ""]) if lines else ""

    def rules(self, chain: str, rules: tuple[str, ...]) -> list[str]:
        return [f"add rule {self.name} {chain} {rule}" for rule in rules]

    def in_maps(self, verb: str, elements: dict[Element, str]) -> list[str]:
        """One command for each map."""
        by_map: dict[str, list[str]] = {}
        for (name, key), value in elements.items():
            by_map.setdefault(name, []).append(f"{key} : {value}" if value else key)
        return [f"{verb} element {self.name} {name} {{ {', '.join(found)} }}" for name, found in by_map.items()]


def declaration(table: str, name: str, kind: str) -> str:
    return f"add {word(kind)} {table} {name} {{ {kind} }}"


def word(kind: str) -> str:
    return "map" if " : " in kind else "set"
