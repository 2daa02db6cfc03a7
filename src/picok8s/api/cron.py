"""Schedules of CronJobs: five fields or a @word, read as Kubernetes reads them, told wrong in the same words."""

import re
from dataclasses import dataclass
from decimal import Decimal

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

# Name of the field, smallest and largest value, words for values.
FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day", 1, 31, {}),
    ("month", 1, 12, {word: index for index, word in enumerate(MONTHS, 1)}),
    ("weekday", 0, 6, {word: index for index, word in enumerate(WEEKDAYS)}),
)

WORDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

UNITS = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "μs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
}
EVERY = "@every "
INTEGER_BYTES = 63


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a job is due: the values that each field allows, or every so many seconds.

    `any_day` and `any_weekday` tell a star: with two restricted day fields a day is due if either allows it.
    """

    minute: frozenset[int] = frozenset()
    hour: frozenset[int] = frozenset()
    day: frozenset[int] = frozenset()
    month: frozenset[int] = frozenset()
    weekday: frozenset[int] = frozenset()
    any_day: bool = False
    any_weekday: bool = False
    every_seconds: int = 0
    zone: str = ""


def parse(text: str) -> Schedule:
    """Raises ValueError with Kubernetes' words."""
    zone = ""
    if text.startswith(("TZ=", "CRON_TZ=")):
        prefix, _, text = text.partition(" ")
        zone, text = prefix.partition("=")[2], text.strip()
    if text.startswith(EVERY):
        try:
            seconds = duration(text[len(EVERY) :])
        except ValueError as error:
            raise ValueError(f"failed to parse duration {text}: {error}") from None
        return Schedule(every_seconds=max(1, int(seconds)), zone=zone)
    if text.startswith("@"):
        if text not in WORDS:
            raise ValueError(f"unrecognized descriptor: {text}")
        text = WORDS[text]
    parts = text.split()
    if len(parts) != len(FIELDS):
        raise ValueError(f"expected exactly 5 fields, found {len(parts)}: [{' '.join(parts)}]")
    values: dict[str, frozenset[int]] = {}
    stars: dict[str, bool] = {}
    for part, (name, low, high, words) in zip(parts, FIELDS, strict=True):
        values[name], stars[name] = _field(part, low, high, words)
    return Schedule(**values, any_day=stars["day"], any_weekday=stars["weekday"], zone=zone)  # type: ignore[arg-type]


def _field(text: str, low: int, high: int, words: dict[str, int]) -> tuple[frozenset[int], bool]:
    """The values of a list of ranges, and whether one of them is a plain star."""
    values: set[int] = set()
    star = False
    for item in filter(None, text.split(",")):
        start, end, step = _range(item, low, high, words)
        values.update(range(start, end + 1, step))
        star = star or (item[0] in "*?" and step == 1)
    return frozenset(values), star


def _range(item: str, low: int, high: int, words: dict[str, int]) -> tuple[int, int, int]:
    bounds, *steps = item.split("/")
    first, *rest = bounds.split("-")
    if first in ("*", "?"):
        start, end = low, high
    else:
        start = end = _value(first, words)
        if len(rest) > 1:
            raise ValueError(f"too many hyphens: {item}")
        if rest:
            end = _value(rest[0], words)
    if len(steps) > 1:
        raise ValueError(f"too many slashes: {item}")
    step = 1
    if steps:
        step = _integer(steps[0])
        end = end if rest else high
    if start < low:
        raise ValueError(f"beginning of range ({start}) below minimum ({low}): {item}")
    if end > high:
        raise ValueError(f"end of range ({end}) above maximum ({high}): {item}")
    if start > end:
        raise ValueError(f"beginning of range ({start}) beyond end of range ({end}): {item}")
    if step == 0:
        raise ValueError(f"step of range should be a positive number: {item}")
    return start, end, step


def _value(text: str, words: dict[str, int]) -> int:
    return words[text.lower()] if text.lower() in words else _integer(text)


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    value = int(text)
    if abs(value) >= 1 << INTEGER_BYTES:
        raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": value out of range')
    if value < 0:
        raise ValueError(f"negative number ({value}) not allowed: {text}")
    return value


def duration(text: str) -> Decimal:
    """Seconds of a duration as Go writes it: `1h30m`, `1.5s`."""
    unsigned = text[1:] if text[:1] in ("+", "-") else text
    sign = -1 if text[:1] == "-" else 1
    if unsigned == "0":
        return Decimal(0)
    if not re.match(r"[0-9.]", unsigned):
        raise ValueError(f'time: invalid duration "{text}"')
    total = Decimal(0)
    while unsigned:
        found = re.match(r"([0-9]*)(\.[0-9]*)?([^0-9.]*)", unsigned)
        assert found
        number, fraction, unit = found.group(1), found.group(2) or "", found.group(3)
        if not number and len(fraction) < 2:
            raise ValueError(f'time: invalid duration "{text}"')
        if not unit:
            raise ValueError(f'time: missing unit in duration "{text}"')
        if unit not in UNITS:
            raise ValueError(f'time: unknown unit "{unit}" in duration "{text}"')
        total += Decimal((number or "0") + (fraction if len(fraction) > 1 else "")) * UNITS[unit]
        unsigned = unsigned[found.end() :]
    return sign * total
