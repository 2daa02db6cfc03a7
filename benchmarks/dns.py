"""How many questions a second the cluster's DNS answers, from bytes to bytes, with 5,000 services known."""

import time

from picok8s.client.view import View
from picok8s.dns import answer, message, run

COUNT = 5000
QUESTIONS = 100_000


def question(name: str) -> bytes:
    return message.HEADER.pack(7, 0x0100, 1, 0, 0, 0) + message.name_bytes(name) + message.TAIL.pack(message.A, 1)


def service(number: int) -> dict:
    metadata = {"name": f"s{number}", "namespace": "default", "resourceVersion": "1"}
    address = f"10.152.{number // 250}.{number % 250 + 1}"
    return {"metadata": metadata, "spec": {"clusterIP": address, "clusterIPs": [address], "ports": [{"port": 80}]}}


def main() -> None:
    view = View(run.INDEXES)
    view.replace("services", [service(number) for number in range(COUNT)], "1")
    zone = run.zone(run.Config(("10.152.183.10",), ("10.152.0.0/16",)), view, 1)
    for what, name in (
        ("a service", "s4000.default.svc.cluster.local"),
        ("no such name", "example.com.default.svc.cluster.local"),
    ):
        data = question(name)
        begin = time.perf_counter()
        for _ in range(QUESTIONS):
            query = message.read(data)
            message.write(query, answer.answer(zone, query), query.udp_max)
        took = time.perf_counter() - begin
        print(f"{what:14} {QUESTIONS / took:9,.0f}/s, {took / QUESTIONS * 1e6:5.1f} us each")


if __name__ == "__main__":
    main()
