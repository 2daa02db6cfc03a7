"""Durations in short words."""

import pytest

from picok8s.api import duration


@pytest.mark.parametrize(
    "seconds, words",
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (119, "119s"),
        (120, "2m"),
        (303, "5m3s"),
        (600, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600 + 300, "3h5m"),
        (8 * 3600, "8h"),
        (2 * 86400, "2d"),
        (2 * 86400 + 7200, "2d2h"),
        (8 * 86400, "8d"),
        (2 * 365 * 86400, "2y"),
        (2 * 365 * 86400 + 3 * 86400, "2y3d"),
        (9 * 365 * 86400, "9y"),
    ],
)
def test_short(seconds: float, words: str) -> None:
    assert duration.short(seconds) == words


def test_since() -> None:
    assert duration.since("1970-01-01T00:00:10Z", 15) == "5s"
    assert duration.since(None, 15) == "<unknown>"
