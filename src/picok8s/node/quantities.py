"""Quantities as numbers for the kernel: "500m" cpu, "64Mi" memory; and as cgroups count them. Pure."""

from picok8s.api import quantity

SHARES_MIN, SHARES_MAX, SHARES_PER_CPU = 2, 262144, 1024
PERIOD_MICROSECONDS = 100_000
QUOTA_MIN = 1000


def number(text: str | int | float) -> float:
    """The amount in whole units."""
    return quantity.nanos(str(text)) / quantity.NANO


def whole(text: str | int, divisor: str | int = "1") -> int:
    """A quantity counted in `divisor`s, rounded up, as the downward API shows it."""
    return -(-quantity.nanos(str(text)) // (quantity.nanos(str(divisor)) or quantity.NANO))


def cpu_shares(cpus: float) -> int:
    return max(SHARES_MIN, min(SHARES_MAX, int(cpus * SHARES_PER_CPU))) if cpus else SHARES_MIN


def cpu_quota(cpus: float) -> int:
    """Microseconds of cpu time in each period; 0 for no limit."""
    return max(QUOTA_MIN, int(cpus * PERIOD_MICROSECONDS)) if cpus else 0


def cpu_weight(shares: int) -> int:
    """cgroup v2's cpu.weight (1 to 10000) for v1's cpu.shares (2 to 262144), as runc converts them."""
    return 1 + ((shares - 2) * 9999) // 262142


def oom_score_adj(qos: str, memory_request: float, machine_memory: float, critical: bool = False) -> int:
    """Who the kernel kills first when memory ends: best effort, then who uses more than it asked for."""
    if critical or qos == "Guaranteed":
        return -997
    if qos == "BestEffort":
        return 1000
    score = 1000 - int(1000 * memory_request / machine_memory) if machine_memory else 1000
    return min(999, max(3, score))
