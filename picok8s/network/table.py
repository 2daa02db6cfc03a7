"""The nftables table as data: pieces of rules, each owned by one object, and the commands from one state to the next.

A `Piece` is what one service or one pod needs: chains, elements of shared maps and sets, and sets of its own. `Table`
keeps the pieces and gives text for `nft -f -`: `replace()` for the whole table, atomically in the place of whatever
is there, and `update()` for what changed. No I/O; whoever applies the text calls `replace()` again if the kernel
refused an update.

Two objects may want the same key of a map (an external IP claimed twice, an endpoint of two services): the owner that
sorts first has it, and the next one inherits it.
"""

from dataclasses import dataclass, field

from picok8s.network.family import Family

TABLE = "picok8s"

Owner = tuple[str, ...]  # ("service", namespace, name) or ("pod", namespace, name)
Key = tuple[str, str]  # (map or set, element)


@dataclass(frozen=True, slots=True)
class Piece:
    chains: dict[str, tuple[str, ...]] = field(default_factory=dict)  # Name -> rules.
    elements: dict[Key, str] = field(default_factory=dict)  # Value of a map's element, "" in a set.
    sets: dict[str, str] = field(default_factory=dict)  # Name -> declaration. A name never changes its declaration.


EMPTY = Piece()


class Table:
    """What one family's table should hold."""

    def __init__(self, family: Family, skeleton: str) -> None:
        """`skeleton`: the maps, sets and chains that are always there, as the inside of `table ... { }`."""
        self.name = f"{family.table} {TABLE}"
        self.skeleton = skeleton
        self.pieces: dict[Owner, Piece] = {}
        self.claims: dict[Key, dict[Owner, str]] = {}

    def replace(self) -> str:
        """The whole table. One transaction: there is no moment without rules."""
        pieces = self.pieces.values()
        lines = [f"add table {self.name}", f"delete table {self.name}", f"table {self.name} {{", self.skeleton]
        for piece in pieces:
            lines += [f"set {name} {{ {declaration} }}" for name, declaration in piece.sets.items()]
        # Chains name each other, so all exist before the first rule.
        lines += [f"chain {name} {{ }}" for piece in pieces for name in piece.chains]
        lines.append("}")
        for piece in pieces:
            for name, rules in piece.chains.items():
                lines += [f"add rule {self.name} {name} {rule}" for rule in rules]
        lines += self.elements("add", {key: self.holder(key) for key in self.claims})
        return "\n".join(lines) + "\n"

    def update(self, changes: dict[Owner, Piece]) -> str:
        """The commands from what was to what shall be; "" when nothing changes. An empty piece removes its owner."""
        gone: list[str] = []
        made: list[str] = []
        cleared: list[str] = []
        rules: list[str] = []
        touched: dict[Key, str | None] = {}
        for owner, new in changes.items():
            old = self.pieces.get(owner, EMPTY)
            if old == new:
                continue
            for name, declaration in new.sets.items():
                if name not in old.sets:
                    made.append(f"add set {self.name} {name} {{ {declaration} }}")
            for name, text in new.chains.items():
                if name not in old.chains:
                    made.append(f"add chain {self.name} {name}")
                elif old.chains[name] == text:
                    continue
                else:
                    cleared.append(f"flush chain {self.name} {name}")
                rules += [f"add rule {self.name} {name} {rule}" for rule in text]
            dead = [name for name in old.chains if name not in new.chains]
            cleared += [f"flush chain {self.name} {name}" for name in dead]
            gone += [f"delete chain {self.name} {name}" for name in dead]
            gone += [f"delete set {self.name} {name}" for name in old.sets if name not in new.sets]
            self.claim(owner, old, new, touched)
        removed, added = self.differences(touched)
        # Names appear before they are used and go after: sets and chains, then rules, elements, and the dead at the
        # end.
        commands = made + cleared + self.elements("delete", removed) + rules + self.elements("add", added) + gone
        return "\n".join([*commands, ""]) if commands else ""

    def claim(self, owner: Owner, old: Piece, new: Piece, touched: dict[Key, str | None]) -> None:
        """Puts `new` in the place of `old`, and notes in `touched` what each changed element was before."""
        for key in (old.elements.keys() | new.elements.keys()) if old.elements != new.elements else ():
            if old.elements.get(key) == new.elements.get(key):
                continue
            touched.setdefault(key, self.holder(key))
            owners = self.claims.setdefault(key, {})
            owners.pop(owner, None)
            if key in new.elements:
                owners[owner] = new.elements[key]
            if not owners:
                del self.claims[key]
        if new == EMPTY:
            self.pieces.pop(owner, None)
        else:
            self.pieces[owner] = new

    def holder(self, key: Key) -> str | None:
        """The value that the first of its claimants gives an element."""
        owners = self.claims.get(key)
        return owners[min(owners)] if owners else None

    def differences(self, touched: dict[Key, str | None]) -> tuple[dict[Key, str], dict[Key, str]]:
        """(to delete, to add): a changed value is both, since an element cannot be changed in place."""
        removed, added = {}, {}
        for key, before in touched.items():
            after = self.holder(key)
            if before == after:
                continue
            if before is not None:
                removed[key] = before
            if after is not None:
                added[key] = after
        return removed, added

    def elements(self, verb: str, elements: dict[Key, str]) -> list[str]:
        """One command for each map."""
        by_map: dict[str, list[str]] = {}
        for (name, key), value in elements.items():
            by_map.setdefault(name, []).append(f"{key} : {value}" if value else key)
        return [f"{verb} element {self.name} {name} {{ {', '.join(found)} }}" for name, found in by_map.items()]
