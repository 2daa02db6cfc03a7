"""Which connections to forget.

UDP has no end that the kernel could see: a client that keeps its port would be sent to an endpoint that is gone, or
past a service that came later, for as long as it goes on.
"""

from picok8s.network.table import Flow

Deletion = tuple[str, ...]  # Arguments of `conntrack`.


def deletions(old: set[Flow], new: set[Flow]) -> list[Deletion]:
    """For one service whose flows were `old` and are `new`."""
    known = {(address, port) for address, port, _ in old}
    gone = [(*to(address, port), "--reply-src", endpoint) for address, port, endpoint in sorted(old - new)]
    appeared = sorted({(address, port) for address, port, _ in new} - known)
    return [*gone, *(to(address, port) for address, port in appeared)]


def to(address: str, port: int) -> Deletion:
    where = ("--orig-dst", address) if address else ()
    return ("-D", "-p", "udp", *where, "--orig-port-dst", str(port))
