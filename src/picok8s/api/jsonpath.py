"""Simple JSONPath, as printer columns and selectable fields use it: `.a.b`, `[0]`, `[*]`, `[?(@.x=='y')].z`, `..a`.

`compile_path` reads a path once; what it gives finds the values in an object, [] when there are none.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Find = Callable[[Any], list[Any]]
Step = Callable[[Any], Iterator[Any]]

_TOKEN = re.compile(
    r"""
    (?P<deep>\.\.)                                 # every value below
  | \.?\[(?P<inner>'(?:\\.|[^'])*'|"(?:\\.|[^"])*"|\?\((?:'(?:\\.|[^'])*'|"(?:\\.|[^"])*"|[^'")])*\)|[^\]]*)\]
  | \.?(?P<name>\*|(?:\\.|[^.\[\]\\])+)
  | \.(?=$)
    """,
    re.VERBOSE,
)
_SLICE = re.compile(r"(-?\d*):(-?\d*)(?::(-?\d*))?", re.ASCII)
_FILTER = re.compile(r"\?\(\s*@(?P<path>.*?)\s*(?:(?P<sign>==|!=|<=|>=|<|>)\s*(?P<value>.+?)\s*)?\)", re.DOTALL)


class BadPath(ValueError):
    """A path that cannot be read."""


def compile_path(path: str) -> Find:
    """Raises BadPath."""
    steps = _steps(path.removeprefix("{").removesuffix("}").removeprefix("$"))

    def find(value: Any) -> list[Any]:
        found = [value]
        for step in steps:
            found = [inner for item in found for inner in step(item)]
        return found

    return find


def _steps(path: str) -> list[Step]:
    steps: list[Step] = []
    at = 0
    while at < len(path):
        token = _TOKEN.match(path, at)
        if token is None:
            raise BadPath(f"unrecognized path at {path[at:]!r}")
        at = token.end()
        if token["deep"]:
            steps.append(_descend)
        elif token["inner"] is not None:
            steps.append(_bracket(token["inner"].strip()))
        elif token["name"] == "*":
            steps.append(_each)
        elif token["name"]:
            steps.append(_Member(re.sub(r"\\(.)", r"\1", token["name"])))
    return steps


def _bracket(text: str) -> Step:
    if text == "*":
        return _each
    if text[:1] in ("'", '"') and text[-1:] == text[:1]:
        return _Member(re.sub(r"\\(.)", r"\1", text[1:-1]))
    if re.fullmatch(r"-?\d+", text, re.ASCII):
        return _Place(int(text))
    if cut := _SLICE.fullmatch(text):
        bounds = [int(part) if part else None for part in cut.groups()]
        return _Slice(slice(*bounds))
    if condition := _FILTER.fullmatch(text):
        return _filter(condition)
    raise BadPath(f"invalid array index {text}")


@dataclass(frozen=True, slots=True)
class _Member:
    name: str

    def __call__(self, value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and self.name in value:
            yield value[self.name]


@dataclass(frozen=True, slots=True)
class _Place:
    index: int

    def __call__(self, value: Any) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= self.index < len(value):
            yield value[self.index]


@dataclass(frozen=True, slots=True)
class _Slice:
    bounds: slice

    def __call__(self, value: Any) -> Iterator[Any]:
        if isinstance(value, list):
            yield from value[self.bounds]


def _each(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _descend(value: Any) -> Iterator[Any]:
    yield value
    for inner in _each(value):
        yield from _descend(inner)


def _filter(condition: re.Match[str]) -> Step:
    find = compile_path(condition["path"])
    sign = condition["sign"]
    wanted = _literal(condition["value"]) if sign else None

    def step(value: Any) -> Iterator[Any]:
        if not isinstance(value, list):
            return
        for item in value:
            found = find(item)
            if found and (not sign or _compares(found[0], sign, wanted)):
                yield item

    return step


def _literal(text: str) -> Any:
    if text[:1] in ("'", '"'):
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        raise BadPath(f"unrecognized value {text}") from None


def _compares(left: Any, sign: str, right: Any) -> bool:
    if sign in ("==", "!="):
        same = type(left) is type(right) or (not isinstance(left, bool) and not isinstance(right, bool))
        return (same and left == right) is (sign == "==")
    try:
        return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign])
    except TypeError:
        return False
