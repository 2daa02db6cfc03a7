"""Moments as Kubernetes writes them: Time (whole seconds) and MicroTime (microseconds), always UTC.

A moment inside picok8s is a float of seconds since 1970, as clocks give it. `canonical_time` and `canonical_micro` read
what a client sent as Go reads RFC 3339, with its words when it does not fit.
"""

import calendar
import re
from datetime import UTC, datetime, timedelta

RFC3339 = "2006-01-02T15:04:05Z07:00"
RFC3339_MICRO = "2006-01-02T15:04:05.000000Z07:00"

_TIME = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ", re.ASCII)
_MICRO = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z", re.ASCII
)
# The pieces of the layout in their order: a literal, or how many digits and the bounds of the number.
_PIECES: tuple[tuple[str, tuple[int, int, int, str] | None], ...] = (
    ("2006", (4, 0, 9999, "year")),
    ("-", None),
    ("01", (2, 1, 12, "month")),
    ("-", None),
    ("02", (2, 0, 99, "day")),
    ("T", None),
    ("15", (2, 0, 23, "hour")),
    (":", None),
    ("04", (2, 0, 59, "minute")),
    (":", None),
    ("05", (2, 0, 59, "second")),
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time(now: float) -> str:
    """`2024-01-01T00:00:00Z`: the form of a Time."""
    return _stamp(int(now // 1)) + "Z"


def micro(now: float) -> str:
    """`2024-01-01T00:00:00.123456Z`: the form of a MicroTime."""
    micros = round(now * 1_000_000)
    return f"{_stamp(micros // 1_000_000)}.{micros % 1_000_000:06d}Z"


def from_parts(seconds: int, nanos: int = 0, with_micros: bool = False) -> str:
    """A Time or MicroTime from whole seconds and nanoseconds, exactly."""
    return f"{_stamp(seconds)}.{nanos // 1000:06d}Z" if with_micros else _stamp(seconds) + "Z"


def parts(text: str) -> tuple[int, int]:
    """Whole seconds since 1970, and nanoseconds, of a Time or MicroTime; ValueError when it is neither."""
    seconds, nanos = _parse(text, RFC3339)
    return seconds, nanos


def seconds(text: str) -> float:
    """Seconds since 1970 of a Time or MicroTime."""
    whole, nanos = parts(text)
    return whole + nanos / 1_000_000_000


def canonical_time(text: str) -> str:
    """A Time as the API gives it back: UTC, whole seconds. ValueError has Go's words."""
    if _TIME.fullmatch(text):
        return text
    return _stamp(_parse(text, RFC3339)[0]) + "Z"


def canonical_micro(text: str) -> str:
    """A MicroTime as the API gives it back; it must come with six digits of fraction."""
    if _MICRO.fullmatch(text):
        return text
    whole, nanos = _parse(text, RFC3339_MICRO)
    return f"{_stamp(whole)}.{nanos // 1000:06d}Z"


def _stamp(whole: int) -> str:
    moment = _EPOCH + timedelta(seconds=whole)
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")


def _parse(text: str, layout: str) -> tuple[int, int]:
    """Seconds and nanoseconds, found piece by piece so that an error can say where it stopped."""
    rest = text
    found: list[int] = []
    for piece, number in _PIECES:
        if number is None:
            if not rest.startswith(piece):
                raise _unreadable(text, layout, rest, piece)
            rest = rest[len(piece) :]
            continue
        width, low, high, called = number
        match = re.match(rf"[0-9]{{{width}}}", rest)
        if match is None and called == "hour":  # Go takes one digit for the hour.
            match = re.match(r"[0-9]", rest)
        if match is None:
            raise _unreadable(text, layout, rest, piece)
        value = int(match.group())
        if not low <= value <= high:
            raise ValueError(f"parsing time {_quoted(text)}: {called} out of range")
        found.append(value)
        rest = rest[match.end() :]
    nanos, rest = _fraction(text, layout, rest)
    offset, rest = _zone(text, layout, rest)
    if rest:
        raise ValueError(f"parsing time {_quoted(text)}: extra text: {_quoted(rest)}")
    year, month, day, hour, minute, second = found
    if not 1 <= day <= _days(year, month):
        raise ValueError(f"parsing time {_quoted(text)}: day out of range")
    if year < 1:
        raise ValueError(f"parsing time {_quoted(text)}: year out of range")
    return calendar.timegm((year, month, day, hour, minute, second)) - offset, nanos


def _days(year: int, month: int) -> int:
    return calendar.monthrange(max(year, 4), month)[1]


def _fraction(text: str, layout: str, rest: str) -> tuple[int, str]:
    if layout == RFC3339_MICRO:
        match = re.match(r"\.([0-9]{6})", rest)
        if match is None:
            raise _unreadable(text, layout, rest, ".000000")
    else:
        match = re.match(r"[.,]([0-9]+)", rest)
        if match is None:
            return 0, rest
    return int(match.group(1)[:9].ljust(9, "0")), rest[match.end() :]


def _zone(text: str, layout: str, rest: str) -> tuple[int, str]:
    if rest.startswith("Z"):
        return 0, rest[1:]
    match = re.match(r"([+-])([0-9]{2}):([0-9]{2})", rest)
    if match is None:
        raise _unreadable(text, layout, rest, "Z07:00")
    hours, minutes = int(match.group(2)), int(match.group(3))
    if hours > 24:
        raise ValueError(f"parsing time {_quoted(text)}: time zone offset hour out of range")
    if minutes > 60:
        raise ValueError(f"parsing time {_quoted(text)}: time zone offset minute out of range")
    offset = hours * 3600 + minutes * 60
    return (offset if match.group(1) == "+" else -offset), rest[match.end() :]


def _unreadable(text: str, layout: str, rest: str, piece: str) -> ValueError:
    return ValueError(f'parsing time {_quoted(text)} as "{layout}": cannot parse {_quoted(rest)} as "{piece}"')


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
