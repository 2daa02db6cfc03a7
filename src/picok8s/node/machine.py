"""The machine as the node reports it: what it has, what may be used of it, what it runs. Reads /proc, /sys and /etc."""

import os
import platform
from typing import Any

Object = dict[str, Any]

ARCHITECTURES = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "arm",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
    "riscv64": "riscv64",
}
PODS_MAX = 110
MEMORY_KEPT = 100 << 20  # Below so much free memory the machine is in trouble: it is not given to pods.
DISK_KEPT_PERCENT = 10
INODES_KEPT_PERCENT = 5


def _read(path: str) -> str:
    try:
        with open(path) as source:
            return source.read().strip()
    except OSError:
        return ""


def architecture() -> str:
    machine = platform.machine()
    return ARCHITECTURES.get(machine, machine)


def memory() -> Object:
    """Bytes by the names of /proc/meminfo."""
    rows = (line.split() for line in _read("/proc/meminfo").splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in rows if len(words) > 1}


def disk(path: str) -> Object:
    """Bytes and inodes of the file system that holds `path`: total, and free for everybody."""
    info = os.statvfs(path)
    return {
        "total": info.f_blocks * info.f_frsize,
        "free": info.f_bavail * info.f_frsize,
        "used": (info.f_blocks - info.f_bfree) * info.f_frsize,
        "inodes": info.f_files,
        "inodes_free": info.f_ffree,
    }


def processes() -> tuple[int, int]:
    """(running, most that there can be)."""
    words = _read("/proc/loadavg").split()
    count = int(words[3].partition("/")[2]) if len(words) > 3 else 0
    limits = [int(text) for path in ("pid_max", "threads-max") if (text := _read(f"/proc/sys/kernel/{path}")).isdigit()]
    return count, min(limits, default=32768)


def huge_pages() -> dict[str, str]:
    """hugepages-2Mi: "0" ... for each size that the kernel knows."""
    made = {}
    folder = "/sys/kernel/mm/hugepages"
    for entry in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        kilobytes = int(entry.removeprefix("hugepages-").removesuffix("kB"))
        count = int(_read(f"{folder}/{entry}/nr_hugepages") or 0)
        shown = (
            f"{kilobytes >> 20}Gi"
            if kilobytes >= 1 << 20
            else f"{kilobytes >> 10}Mi"
            if kilobytes >= 1 << 10
            else f"{kilobytes}Ki"
        )
        total = count * kilobytes
        made[f"hugepages-{shown}"] = f"{total}Ki" if total % 1024 else (f"{total >> 10}Mi" if total else "0")
    return made


def capacity(root: str) -> dict[str, str]:
    return {
        "cpu": str(os.cpu_count() or 1),
        "memory": f"{memory()['MemTotal'] >> 10}Ki",
        "ephemeral-storage": f"{disk(root)['total'] >> 10}Ki",
        "pods": str(PODS_MAX),
        **huge_pages(),
    }


def allocatable(root: str) -> dict[str, str]:
    """Capacity without what is kept back so that the machine itself stays well."""
    total = disk(root)["total"]
    return {
        **capacity(root),
        "memory": f"{(memory()['MemTotal'] - MEMORY_KEPT) >> 10}Ki",
        "ephemeral-storage": str(total - total * DISK_KEPT_PERCENT // 100),
    }


def info(runtime: str, version: str, kubernetes: str) -> Object:
    """status.nodeInfo."""
    release = {}
    for line in _read("/etc/os-release").splitlines():
        key, equals, value = line.partition("=")
        if equals:
            release[key] = value.strip('"')
    machine_id = _read("/etc/machine-id")
    return {
        "machineID": machine_id,
        "systemUUID": _read("/sys/class/dmi/id/product_uuid") or machine_id,
        "bootID": _read("/proc/sys/kernel/random/boot_id"),
        "kernelVersion": platform.release(),
        "osImage": release.get("PRETTY_NAME", "Linux"),
        "containerRuntimeVersion": f"{runtime}://{version}",
        "kubeletVersion": kubernetes,
        "kubeProxyVersion": "",
        "operatingSystem": "linux",
        "architecture": architecture(),
    }


def pressures(root: str) -> Object:
    """Which of memory, disk and processes run out."""
    free_memory = memory().get("MemAvailable", 0)
    space = disk(root)
    count, most = processes()
    short_disk = space["free"] * 100 < space["total"] * DISK_KEPT_PERCENT
    short_inodes = bool(space["inodes"]) and space["inodes_free"] * 100 < space["inodes"] * INODES_KEPT_PERCENT
    return {
        "MemoryPressure": free_memory < MEMORY_KEPT,
        "DiskPressure": short_disk or short_inodes,
        "PIDPressure": count > most * 0.95,
    }
