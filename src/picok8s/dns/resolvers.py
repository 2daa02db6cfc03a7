"""Which resolver to ask next: those that answered lately first, and none at all while all are known to be silent."""

from dataclasses import dataclass, field

TRY_S = 2.0  # One resolver; clients give up after 5 s.
TRIES_S = 4.5  # All together.
SILENT_S = 5.0  # A resolver that did not answer is asked last, for so long.


@dataclass(slots=True)
class Resolvers:
    addresses: tuple[str, ...] = ()
    silent: dict[str, float] = field(default_factory=dict)  # Until when.
    probing: int = 0  # Questions under way while all are silent.

    def order(self, now: float) -> tuple[str, ...]:
        """() means: answer with a failure now. While all are silent one question at a time tries them."""
        talking = [one for one in self.addresses if self.silent.get(one, 0) <= now]
        quiet = [one for one in self.addresses if self.silent.get(one, 0) > now]
        if not talking and self.probing:
            return ()
        return (*talking, *quiet)

    def all_silent(self, now: float) -> bool:
        return all(self.silent.get(one, 0) > now for one in self.addresses)

    def failed(self, address: str, now: float) -> None:
        self.silent[address] = now + SILENT_S

    def answered(self, address: str) -> None:
        self.silent.pop(address, None)

    def replace(self, addresses: tuple[str, ...]) -> None:
        if addresses != self.addresses:
            self.addresses, self.silent = addresses, {}
