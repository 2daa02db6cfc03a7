"""How long 5,000 services of three endpoints take: to rules, all changed, one changed; in Python and in the kernel.

python benchmarks/services.py [COUNT]        the kernel's part needs root and runs in a network namespace of its own
"""

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Callable

from picok8s.network import services
from picok8s.network.family import IPV4
from picok8s.network.skeleton import Here, skeleton
from picok8s.network.table import Table

CLONE_NEWNET = 0x40000000
HERE = Here("one", ("10.1.0.0/16",), ("10.152.0.0/16",))


def service(number: int) -> dict:
    address = f"10.152.{number // 250}.{number % 250 + 1}"
    ports = [{"name": "http", "port": 80, "protocol": "TCP"}]
    return {
        "metadata": {"name": f"s{number}", "namespace": "default"},
        "spec": {"type": "ClusterIP", "clusterIP": address, "clusterIPs": [address], "ports": ports},
    }


def slice_of(number: int, version: int) -> dict:
    endpoints = [
        {"addresses": [f"10.1.{(number + version) % 250}.{last}"], "nodeName": "one" if last == 2 else "two"}
        for last in (2, 3, 4)
    ]
    ports = [{"name": "http", "port": 8080, "protocol": "TCP"}]
    return {"metadata": {}, "addressType": "IPv4", "ports": ports, "endpoints": endpoints}


def pieces(numbers: range, version: int) -> dict:
    return {
        ("service", "default", f"s{number}"): services.piece(service(number), [slice_of(number, version)], IPV4, HERE)
        for number in numbers
    }


def measured(what: str, make: Callable[[], str]) -> None:
    begin = time.perf_counter()
    text = make()
    middle = time.perf_counter()
    line = f"{what:14} python {middle - begin:7.4f} s, {len(text):9,} bytes"
    if os.geteuid() == 0:
        subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)
        line += f", kernel {time.perf_counter() - middle:7.4f} s"
    print(line)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    if os.geteuid() == 0:
        assert ctypes.CDLL(None).unshare(CLONE_NEWNET) == 0
    table = Table(IPV4, skeleton(IPV4, HERE))

    def first() -> str:
        table.update(pieces(range(count), 0))
        return table.replace()

    measured("from nothing", first)
    measured("all changed", lambda: table.update(pieces(range(count), 1)))
    measured("one changed", lambda: table.update(pieces(range(7, 8), 2)))
    measured("one removed", lambda: table.update({("service", "default", "s7"): services.EMPTY}))


if __name__ == "__main__":
    main()
