"""Quantities as the kernel counts them."""

from picok8s.node import quantities


def test_cpu():
    assert quantities.number("500m") == 0.5 and quantities.cpu_shares(0.5) == 512 and quantities.cpu_shares(0) == 2
    assert quantities.cpu_quota(0.5) == 50_000 and quantities.cpu_quota(0.001) == 1000 and quantities.cpu_quota(0) == 0
    assert (
        quantities.cpu_weight(2) == 1 and quantities.cpu_weight(1024) == 39 and quantities.cpu_weight(262144) == 10000
    )


def test_counted_in_divisors_rounded_up():
    assert (
        quantities.whole("1500m") == 2
        and quantities.whole("64Mi", "1Mi") == 64
        and quantities.whole("250m", "1m") == 250
    )


def test_who_is_killed_first():
    assert quantities.oom_score_adj("Guaranteed", 0, 8e9) == -997
    assert quantities.oom_score_adj("BestEffort", 0, 8e9) == 1000
    assert quantities.oom_score_adj("Burstable", 4e9, 8e9) == 500
    assert quantities.oom_score_adj("Burstable", 0, 8e9) == 999
