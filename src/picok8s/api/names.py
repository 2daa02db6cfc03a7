"""What a name, key or value must look like: each function gives the complaints about one text, in Kubernetes' words.

[] means good. A limit counts bytes of UTF-8, as everywhere in Kubernetes. Functions of one text, no paths: who has a
path puts the words behind it (`picok8s.api.errors.invalid_value`).
"""

import re
from collections.abc import Callable, Iterable

LABEL_MAX = 63
SUBDOMAIN_MAX = 253
PORT_NAME_MAX = 15

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_WILDCARD = rf"\*\.{_SUBDOMAIN}"
_LABEL_UNDERSCORED = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_UNDERSCORED = rf"{_LABEL_UNDERSCORED}(\.{_LABEL_UNDERSCORED})*"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_QUALIFIED})?"
_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"
_PERCENT = "[0-9]+%"
_HEADER = "[-A-Za-z0-9]+"
_VARIABLE = "[-._a-zA-Z][-._a-zA-Z0-9]*"
_DATA_KEY = "[-._a-zA-Z0-9]+"
_HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"

EMPTY = "must be non-empty"

Check = Callable[[str], list[str]]


def longer(limit: int, unit: str = "characters") -> str:
    """Kubernetes counts bytes everywhere but says so only of label keys and values."""
    return f"must be no more than {limit} {unit}"


def between(low: int, high: int) -> str:
    return f"must be between {low} and {high}, inclusive"


def pattern(words: str, expression: str, *examples: str) -> str:
    """How Kubernetes words the failure of a regular expression."""
    rule = f"regex used for validation is '{expression}'"
    if not examples:
        return f"{words} ({rule})"
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{words} (e.g. {shown}{rule})"


def _check(
    words: str, expression: str, examples: Iterable[str], limit: int | None = None, unit: str = "characters"
) -> Check:
    """A check of a length and of a regular expression."""
    compiled = re.compile(expression, re.ASCII)
    told = pattern(words, expression, *examples)

    def check(text: str) -> list[str]:
        errors = []
        if limit is not None and len(text.encode()) > limit:
            errors.append(longer(limit, unit))
        if not compiled.fullmatch(text):
            errors.append(told)
        return errors

    return check


_label_words = _check(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character",
    _LABEL,
    ("my-name", "123-abc"),
    LABEL_MAX,
)
dns_subdomain = _check(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character",
    _SUBDOMAIN,
    ("example.com",),
    SUBDOMAIN_MAX,
)
dns_subdomain_with_underscore = _check(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', "
    "and must start and end with an alphanumeric character",
    _UNDERSCORED,
    ("example.com",),
    SUBDOMAIN_MAX,
)
dns_1035_label = _check(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character",
    _LABEL_1035,
    ("my-name", "abc-123"),
    LABEL_MAX,
)
wildcard_subdomain = _check(
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    _WILDCARD,
    ("*.example.com",),
    SUBDOMAIN_MAX,
)
label_value = _check(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character",
    _LABEL_VALUE,
    ("MyValue", "my_value", "12345"),
    LABEL_MAX,
    "bytes",
)
c_identifier = _check(
    "a valid C identifier must start with alphabetic character or '_', "
    "followed by a string of alphanumeric characters or '_'",
    _IDENTIFIER,
    ("my_name", "MY_NAME", "MyName"),
)
percent = _check(
    "a valid percent string must be a numeric string followed by an ending '%'",
    _PERCENT,
    ("1%", "93%"),
)
http_header = _check("a valid HTTP header must consist of alphanumeric characters or '-'", _HEADER, ("X-Header-Name",))
_prefix = _check(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character",
    _SUBDOMAIN,
    ("example.com",),
    SUBDOMAIN_MAX,
    "bytes",
)
_variable = _check(
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', "
    "and must not start with a digit",
    _VARIABLE,
    ("my.env-name", "MY_ENV.NAME", "MyEnvName1"),
)
_data_key = _check(
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    _DATA_KEY,
    ("key.name", "KEY_NAME", "key-name"),
    SUBDOMAIN_MAX,
)


def dns_label(text: str) -> list[str]:
    """A DNS-1123 label. A text that would be a subdomain is told of its dots instead of the whole rule."""
    errors = _label_words(text)
    if errors and "." in text and re.fullmatch(_SUBDOMAIN, text, re.ASCII):
        return [*errors[:-1], "must not contain dots"]
    return errors


_QUALIFIED_NAME = re.compile(_QUALIFIED, re.ASCII)
_QUALIFIED_RULE = pattern(
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    _QUALIFIED,
    "MyName",
    "my.name",
    "123-abc",
)


def qualified_name(text: str) -> list[str]:
    """A label key: `name` or `prefix/name`."""
    prefix, slash, name = text.rpartition("/")
    if text.count("/") > 1:
        optional = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return [f"a valid label key {_QUALIFIED_RULE}{optional}"]
    errors: list[str] = []
    if slash and not prefix:
        errors.append(f"prefix part {EMPTY}")
    elif slash:
        errors += [f"prefix part {word}" for word in _prefix(prefix)]
    if not name:
        errors.append(f"name part {EMPTY}")
    elif len(name.encode()) > LABEL_MAX:
        errors.append("name part " + longer(LABEL_MAX, "bytes"))
    if not _QUALIFIED_NAME.fullmatch(name):
        errors.append(f"name part {_QUALIFIED_RULE}")
    return errors


def domain_prefixed_path(text: str) -> list[str]:
    """`example.com/any/path`. Empty texts are the caller's to require; the words speak of the part that is wrong."""
    host, slash, path = text.partition("/")
    if not slash or not host or not path:
        return ['must be a domain-prefixed path (such as "acme.io/foo")']
    errors = dns_subdomain(host)
    if not re.fullmatch(_HTTP_PATH, path):
        errors.append(pattern("Invalid path", _HTTP_PATH))
    return errors


def domain_prefixed_key(text: str) -> list[str]:
    if errors := qualified_name(text):
        return errors
    return [] if "/" in text else ['must be a domain-prefixed key (such as "acme.io/foo")']


def fully_qualified(text: str, segments: int = 3) -> list[str]:
    """A domain name of at least `segments` labels (three, or two where a trailing dot is fine too)."""
    if errors := dns_subdomain(text):
        return [",".join(errors)]
    if text.count(".") + 1 < segments:
        count = {2: "two", 3: "three"}[segments]
        return [f"should be a domain with at least {count} segments separated by dots"]
    return []


def fully_qualified_domain(text: str) -> list[str]:
    """A domain name of at least two labels, each of legal length; one trailing dot is allowed."""
    text = text.removesuffix(".")
    if errors := fully_qualified(text, 2):
        return errors
    return next(([",".join(errors)] for label in text.split(".") if (errors := dns_label(label))), [])


def port_number(number: int) -> list[str]:
    return [] if 1 <= number <= 65535 else [between(1, 65535)]


def identity_number(number: int) -> list[str]:
    """A user or group id."""
    return [] if 0 <= number <= 2147483647 else [between(0, 2147483647)]


def port_name(text: str) -> list[str]:
    errors = [longer(PORT_NAME_MAX)] if len(text.encode()) > PORT_NAME_MAX else []
    if not re.fullmatch("[-a-z0-9]+", text):
        errors.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", text):
        errors.append("must contain at least one letter (a-z)")
    if "--" in text:
        errors.append("must not contain consecutive hyphens")
    if text and (text[0] == "-" or text[-1] == "-"):
        errors.append("must not begin or end with a hyphen")
    return errors


def variable_name(text: str) -> list[str]:
    """The name of an environment variable, by the strict rule."""
    return _variable(text) + _no_upward(text)


def relaxed_variable_name(text: str) -> list[str]:
    """The name of an environment variable: any printable ASCII but `=`."""
    if not text:
        return [f"environment variable name {EMPTY}"]
    if all(" " <= letter <= "~" and letter != "=" for letter in text):
        return []
    return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]


def data_key(text: str) -> list[str]:
    """A key of a ConfigMap or Secret."""
    return _data_key(text) + _no_upward(text)


def _no_upward(text: str) -> list[str]:
    if text in (".", ".."):
        return [f"must not be '{text}'"]
    return ["must not start with '..'"] if text.startswith("..") else []


def path_segment(text: str) -> list[str]:
    """A name that only has to be one segment of a URL's path (RBAC objects)."""
    if text in (".", ".."):
        return [f"may not be '{text}'"]
    return [f"may not contain '{letter}'" for letter in "/%" if letter in text]


def masked(prefix: str) -> str:
    """A generateName as its name check sees it: a trailing dash is fine, since letters will follow it."""
    return prefix[:-2] + "a" if len(prefix) > 1 and prefix.endswith("-") else prefix
