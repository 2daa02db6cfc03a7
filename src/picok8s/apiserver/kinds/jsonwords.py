"""What Go's decoder says of a text that should be a JSON object and is not."""

import json
import re

KINDS = {list: "array", str: "string", int: "number", float: "number", bool: "bool"}
INTO_MAP = "Go value of type map[string]interface {}"

# Words of Python's decoder -> of Go's, for the letter at the fault.
FAULTS = (
    ("Expecting property name enclosed in double quotes", "looking for beginning of object key string"),
    ("Expecting ':' delimiter", "after object key"),
    ("Extra data", "after top-level value"),
    ("Invalid control character", "in string literal"),
    ("Invalid \\escape", "in string escape code"),
    ("Invalid \\uXXXX escape", "in \\u hexadecimal character escape"),
)


def map_problem(data: bytes) -> str:
    """ "" for a JSON object or null."""
    try:
        text = data.decode("utf-8", "replace")
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return _words(text, error)
    if value is None or isinstance(value, dict):
        return ""
    return f"json: cannot unmarshal {KINDS[type(value)]} into {INTO_MAP}"


def _words(text: str, error: json.JSONDecodeError) -> str:
    if error.pos >= len(text) or (error.msg.startswith("Unterminated") and error.pos < len(text)):
        return "unexpected end of JSON input"
    letter = text[error.pos]
    quoted = "'\\''" if letter == "'" else "'\"'" if letter == '"' else f"'{letter}'"
    for python, go in FAULTS:
        if error.msg.startswith(python):
            return f"invalid character {quoted} {go}"
    if error.msg.startswith("Expecting ',' delimiter"):
        inside = _innermost(text[: error.pos])
        return f"invalid character {quoted} after {'array element' if inside == '[' else 'object key:value pair'}"
    return f"invalid character {quoted} looking for beginning of value"


def _innermost(text: str) -> str:
    """The bracket that is open at the end of `text`."""
    open_: list[str] = []
    for mark in re.findall(r'"(?:\\.|[^"\\])*"|[\[\]{}]', text):
        if mark in "[{":
            open_.append(mark)
        elif mark in "]}" and open_:
            open_.pop()
    return open_[-1] if open_ else "{"
