"""Quantities: `100m`, `1.5Gi`, `1e3`: read, compared, added and written in Kubernetes' canonical form.

A quantity is a whole number of nanos (billionths), which is exact: Kubernetes rounds anything finer up. Beside the
number only its form matters: decimal suffixes, binary suffixes, or an exponent.
"""

import re
from functools import lru_cache

NANO = 1_000_000_000
FORMAT_WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
NUMBER_WRONG = "unable to parse numeric part of quantity"
SUFFIX_WRONG = "unable to parse quantity's suffix"

DECIMAL, BINARY, EXPONENT = "DecimalSI", "BinarySI", "DecimalExponent"

_LIMIT = (2**63 - 1) * NANO  # Larger ones with a binary suffix are taken as this.
_EXPONENT_MAX = 600  # Beyond it lie numbers that nobody means, and much memory.
_FORM = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)", re.ASCII)
_POWERS = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_POWERS = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_SUFFIXES = {power: suffix for suffix, power in _POWERS.items()}
_BINARY_SUFFIXES = {power: suffix for suffix, power in _BINARY_POWERS.items()}


@lru_cache(maxsize=8192)
def parse(text: str) -> tuple[int, str]:
    """The nanos and the form of a quantity. ValueError has Kubernetes' words."""
    sign, whole, fraction, suffix = _split(text)
    scale, form = _scale(suffix)
    if not whole and not fraction and suffix in ("Pi", "Ei"):
        raise ValueError(NUMBER_WRONG)  # With any other suffix, no digit at all is a zero.
    numerator, denominator = int(whole + fraction or "0") * NANO, 10 ** len(fraction)
    if form == BINARY:
        numerator <<= scale
    elif scale >= 0:
        numerator *= 10**scale
    else:
        denominator *= 10**-scale
    amount = -(-numerator // denominator)
    if form == BINARY:
        amount = min(amount, _LIMIT)
        if 0 < amount < NANO:
            form = DECIMAL
    return (-amount if sign == "-" else amount), form


def _split(text: str) -> tuple[str, str, str, str]:
    """Sign, digits before and after the dot, suffix."""
    match = _FORM.fullmatch(text)
    if match is None or not text:
        raise ValueError(FORMAT_WRONG)
    sign, whole, fraction, suffix = match.groups()
    return sign, whole, fraction or "", suffix


def _scale(suffix: str) -> tuple[int, str]:
    if suffix in _POWERS:
        return _POWERS[suffix], DECIMAL
    if suffix in _BINARY_POWERS:
        return _BINARY_POWERS[suffix], BINARY
    if suffix[0] in "eE":
        exponent = suffix[1:]
        if re.fullmatch(r"[-+]?[0-9]+", exponent, re.ASCII) and abs(int(exponent[:20])) <= _EXPONENT_MAX:
            return int(exponent), EXPONENT
    raise ValueError(SUFFIX_WRONG)


def nanos(text: str) -> int:
    """The exact amount, in billionths."""
    return parse(text)[0]


def value(text: str) -> int:
    """The amount in whole units, rounded up: bytes, pods."""
    return -(-nanos(text) // NANO)


def millis(text: str) -> int:
    """The amount in thousandths, rounded up: CPU."""
    return -(-nanos(text) // 1_000_000)


def compare(one: str, other: str) -> int:
    """-1, 0 or 1."""
    left, right = nanos(one), nanos(other)
    return (left > right) - (left < right)


def add(one: str, other: str) -> str:
    """The sum, in the form of the first; in the form of the second when the first is zero."""
    left, form = parse(one)
    right, form_of_other = parse(other)
    return write(left + right, form if left else form_of_other)


def subtract(one: str, other: str) -> str:
    left, form = parse(one)
    right, form_of_other = parse(other)
    return write(left - right, form if left else form_of_other)


@lru_cache(maxsize=8192)
def canonical(text: str) -> str:
    """As the API gives it back: no fraction, the largest suffix that keeps it whole. ValueError has Kubernetes' words.

    A text that looks canonical enough is kept as it is, `1E3` or `+5` or `1.500`: Kubernetes saves time so.
    """
    amount, form = parse(text)
    return text if _is_kept(text, form) else write(amount, form)


def _is_kept(text: str, form: str) -> bool:
    _, whole, fraction, suffix = _split(text)
    digits = (whole.lstrip("0") or "0") + fraction
    scale = _scale(suffix)[0]
    if form == BINARY:
        room = 15 - len(digits) - scale * 3 // 10 - 1
        return not fraction and room >= 0 and int(digits) & 7 != 0
    scale -= len(fraction)
    fits = len(digits) <= 18 and scale >= -9
    return fits and scale % 3 == 0 and not digits.endswith("000") and digits[0] != "0"


def write(amount: int, form: str = DECIMAL) -> str:
    """The canonical text of so many nanos."""
    if amount == 0:
        return "0"
    sign, size = ("-", -amount) if amount < 0 else ("", amount)
    if form == BINARY and size >= 1024 * NANO and size % NANO == 0:
        number, power = size // NANO, 0
        while number % 1024 == 0 and power < 60:
            number, power = number // 1024, power + 10
        return f"{sign}{number}{_BINARY_SUFFIXES.get(power, '')}"
    number, power = size, -9
    highest = _EXPONENT_MAX if form == EXPONENT else 18
    while number % 1000 == 0 and power < highest:
        number, power = number // 1000, power + 3
    if form == EXPONENT:
        return f"{sign}{number}e{power}" if power else f"{sign}{number}"
    return f"{sign}{number}{_SUFFIXES[power]}"
