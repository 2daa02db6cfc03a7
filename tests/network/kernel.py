"""As much of nftables as the table's commands need: what a text leaves behind, and that each command may be given."""

import re

ELEMENTS = re.compile(r"(add|delete) element \S+ \S+ (\S+) \{ (.*) \}")
COMMAND = re.compile(r"(add|delete|flush) (set|map|chain|rule|table) \S+ \S+ ?(\S*) ?(.*)")


class Kernel:
    def __init__(self) -> None:
        self.chains: dict[str, list[str]] = {}
        self.sets: dict[str, dict[str, str]] = {}

    def take(self, text: str) -> None:
        for line in text.splitlines():
            if found := ELEMENTS.fullmatch(line):
                self.elements(*found.groups())
            elif found := COMMAND.fullmatch(line):
                getattr(self, f"{found[1]}_{found[2]}")(found[3], found[4])
        self.check()

    def elements(self, verb: str, name: str, text: str) -> None:
        for entry in text.split(", "):
            key, _, value = entry.partition(" : ")
            if verb == "delete":
                assert self.sets[name].pop(key) == value
            else:
                assert self.sets.setdefault(name, {}).get(key, value) == value
                self.sets[name][key] = value

    def add_set(self, name: str, rest: str) -> None:
        self.sets.setdefault(name, {})

    add_map = add_set

    def delete_set(self, name: str, rest: str) -> None:
        self.sets.pop(name)

    def delete_map(self, name: str, rest: str) -> None:
        assert not self.sets.pop(name)

    def add_chain(self, name: str, rest: str) -> None:
        assert name not in self.chains
        self.chains[name] = []

    def delete_chain(self, name: str, rest: str) -> None:
        assert not self.chains.pop(name)

    def flush_chain(self, name: str, rest: str) -> None:
        self.chains[name] = []

    def add_rule(self, name: str, rest: str) -> None:
        self.chains[name].append(rest)

    def add_table(self, name: str, rest: str) -> None:
        pass

    def delete_table(self, name: str, rest: str) -> None:
        self.chains, self.sets = {}, {}

    def check(self) -> None:
        """Every chain and set that is named exists."""
        fixed = {"refused", "dropped", "masquerade-later"}
        values = [value for entries in self.sets.values() for value in entries.values()]
        for text in [*values, *(rule for rules in self.chains.values() for rule in rules)]:
            for name in re.findall(r"(?:goto|jump) ([^\s,]+)", text):
                assert name in self.chains or name in fixed, text
            for name in re.findall(r"@([^\s,]+)", text):
                assert name in self.sets, text

    def state(self) -> tuple:
        return self.chains, {name: entries for name, entries in self.sets.items() if entries}
