"""What a node costs when it rests: resident memory and CPU of every process of it, and what it writes to disk.

    sudo python benchmarks/idle.py [--root DIR] [--settle 60] [--seconds 60]

The node must be running. Prints one line a process, and the sums.
"""

import argparse
import os
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def processes(root: str) -> dict[int, str]:
    """PID -> what it is: the components by their PID files, and containerd's shims."""
    run = Path(root, "run/picok8s")
    found = {int(path.read_text().split()[0]): path.stem for path in run.glob("*.pid")}
    socket = str(run / "containerd.sock").encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"containerd-shim" in words[0] and socket in words:
                found[int(entry.name)] = "shim"
    return found


def resident(pid: int) -> int:
    """KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def spent(pid: int) -> float:
    """CPU seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def written(pid: int) -> int:
    """Bytes that went to the block layer."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default="/")
    parser.add_argument("--settle", type=float, default=60)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    time.sleep(options.settle)
    names = processes(options.root)
    before = {pid: (spent(pid), written(pid)) for pid in names}
    time.sleep(options.seconds)
    memory, cpu, disk = 0.0, 0.0, 0
    for pid, name in sorted(names.items(), key=lambda item: item[1]):
        mib = resident(pid) / 1024
        share = 100 * (spent(pid) - before[pid][0]) / options.seconds
        wrote = written(pid) - before[pid][1]
        memory, cpu, disk = memory + mib, cpu + share, disk + wrote
        print(f"{name:<12} {mib:7.1f} MiB {share:6.2f} % of a core {wrote / 1024:8.0f} KiB written")
    print(
        f"{'all':<12} {memory:7.1f} MiB {cpu:6.2f} % of a core {disk / 1024:8.0f} KiB written in {options.seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
