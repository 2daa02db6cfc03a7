"""YAML as Kubernetes reads it: YAML 1.1 with Go's ideas of numbers and truth, turned into what JSON could say.

The text is taken apart by libyaml, as Go's parser does; which plain words are numbers, truth or nothing is decided
here: `y` is true, `017` is 15, `1:30` is a text, and every key becomes a text.
"""

import base64
import binascii
import math
import re
from typing import Any

import yaml

NODES_MAX = 1_000_000  # Aliases can make a small text large.

_TRUE = frozenset({"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
_FALSE = frozenset({"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_INFINITE = {
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), "+Inf"),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), "-Inf"),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), "NaN"),
}
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|[1-9][0-9]*|0)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")

_PLAIN = "!plain"  # The tag of a word without quotation marks and without a tag.
_BINARY = "tag:yaml.org,2002:binary"
_INT, _FLT, _BOOL, _NIL = (f"tag:yaml.org,2002:{word}" for word in ("int", "float", "bool", "null"))


class _Loader(yaml.CSafeLoader):  # type: ignore[misc]
    """libyaml's parser without PyYAML's own idea of plain words: all get one tag of ours."""

    yaml_implicit_resolvers: dict[Any, Any] = {None: [(_PLAIN, re.compile(""))]}


def parse(data: bytes) -> tuple[Any, list[str]]:
    """The first document as JSON would have it, and complaints about repeated keys. ValueError has Go's words."""
    try:
        loader = _Loader(data)
        try:
            node = loader.get_node() if loader.check_node() else None
        finally:
            loader.dispose()
    except yaml.reader.ReaderError as error:
        raise ValueError(f"yaml: {error.reason}") from None
    except yaml.MarkedYAMLError as error:
        raise ValueError(_words(error, data)) from None
    except RecursionError:
        raise ValueError("yaml: exceeded max depth") from None
    builder = _Builder()
    value = None if node is None else builder.build(node)
    told = "".join(f"\n  {line}" for line in builder.repeated)
    return value, [f"yaml: unmarshal errors:{told}"] if told else []


def _words(error: yaml.MarkedYAMLError, data: bytes) -> str:
    """Go's parser counts lines from nought, and adds one only for what its scanner finds."""
    problem = str(error.problem)
    if isinstance(error, yaml.composer.ComposerError) and problem.startswith("found undefined alias"):
        mark = error.problem_mark
        line_text = data.decode(errors="replace").splitlines()[mark.line] if mark else ""
        return f"yaml: unknown anchor '{line_text[mark.column + 1 :].split(' ')[0].rstrip(',]}')}' referenced"
    line = 0
    for mark in (error.context_mark, error.problem_mark):
        if mark is not None and mark.line:
            line = mark.line
            break
    if line and isinstance(error, yaml.scanner.ScannerError):
        line += 1
    return f"yaml: line {line}: {problem}" if line else f"yaml: {problem}"


class _Builder:
    """Nodes to values; `repeated` collects the lines of keys that a map already had."""

    def __init__(self) -> None:
        self.repeated: list[str] = []
        self.count = 0

    def build(self, node: yaml.Node) -> Any:
        self.count += 1
        if self.count > NODES_MAX:
            raise ValueError("yaml: document contains excessive aliasing")
        if isinstance(node, yaml.ScalarNode):
            return scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item) for item in node.value]
        return self._map(node)

    def _map(self, node: yaml.MappingNode) -> dict[str, Any]:
        made: dict[str, Any] = {}
        merged: list[dict[str, Any]] = []
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise ValueError("yaml: invalid map key: " + _go(self.build(key_node)))
            if key_node.value == "<<" and key_node.tag == _PLAIN:
                merged += self._merged(value_node)
                continue
            key = key_text(scalar(key_node))
            if key in made:
                line = key_node.start_mark.line + 1
                self.repeated.append(f'line {line}: key "{key}" already set in map')
            made[key] = self.build(value_node)
        for source in merged:
            for key, value in source.items():
                made.setdefault(key, value)
        return made

    def _merged(self, node: yaml.Node) -> list[dict[str, Any]]:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if not all(isinstance(source, yaml.MappingNode) for source in nodes):
            raise ValueError("yaml: map merge requires map or sequence of maps as the value")
        return [self.build(source) for source in nodes]


def _go(value: Any) -> str:
    """A list or map as Go prints it in an error."""
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(_go(item) for item in value) + "}"
    if isinstance(value, dict):
        pairs = ", ".join(f'"{key}":{_go(item)}' for key, item in value.items())
        return "map[interface {}]interface {}{" + pairs + "}"
    return f'"{value}"' if isinstance(value, str) else str(value)


def key_text(value: Any) -> str:
    """A key as text: truth and numbers as JSON writes them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value)


def scalar(node: yaml.ScalarNode) -> Any:
    """The value of one word: by its tag when it has one, by how it looks when it is plain."""
    text: str = node.value
    if node.tag == _BINARY:
        try:
            return base64.b64decode(text).decode(errors="replace")
        except binascii.Error:
            raise ValueError("yaml: !!binary value contains invalid base64 data") from None
    return plain(text) if node.tag in (_PLAIN, _INT, _FLT, _BOOL, _NIL) else text


def plain(text: str) -> Any:
    """What a word without quotation marks means."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text in _NULL:
        return None
    if text in _INFINITE:
        raise ValueError(f"json: unsupported value: {_INFINITE[text]}")
    if text[0] not in "+-.0123456789":
        return text
    bare = text.replace("_", "")
    if _INTEGER.fullmatch(bare):
        return _integer(bare)
    if _FLOAT.fullmatch(bare):
        number = float(bare)
        return text if math.isinf(number) else _shortest(number)
    return text


def _integer(text: str) -> int | float:
    sign = -1 if text[0] == "-" else 1
    digits = text.lstrip("+-").lower()
    if len(digits) > 1 and digits[0] == "0":
        base = {"x": 16, "b": 2, "o": 8}.get(digits[1], 8)
        value = int(digits[2:] if digits[1] in "xbo" else digits, base)
    else:
        value = int(digits)
    value *= sign
    return value if -(2**63) <= value < 2**64 else _shortest(float(value))


def _shortest(number: float) -> int | float:
    """JSON has one kind of number: 10.0 is written 10."""
    return int(number) if number.is_integer() and abs(number) < 1e21 else number
