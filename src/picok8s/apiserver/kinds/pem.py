"""PEM texts as Go reads them: blocks anywhere in a text, each with its kind and content; the rest is passed over."""

import base64
import binascii
import re
from dataclasses import dataclass

from cryptography import x509

_BLOCK = re.compile(
    rb"(?:^|\n)-----BEGIN ([^\n]*?)-----[ \t\r]*\n(.*?)(?:^|\n)-----END ([^\n]*?)-----[ \t\r]*(?=\n|$)",
    re.DOTALL | re.M,
)


@dataclass(frozen=True, slots=True)
class Block:
    kind: str
    content: bytes
    headers: bool = False


def plain(encoded: str) -> bytes:
    """The bytes of a base64 field; one that does not decode holds nothing."""
    try:
        return base64.b64decode(encoded)
    except (binascii.Error, ValueError):
        return b""


def blocks(text: bytes) -> list[Block]:
    found: list[Block] = []
    for match in _BLOCK.finditer(text.replace(b"\r\n", b"\n")):
        kind, body, end = match.groups()
        if kind != end:
            continue
        headers, _, rest = body.partition(b"\n\n")
        named = b":" in headers.split(b"\n", 1)[0]
        try:
            content = base64.b64decode(b"".join((rest if named else body).split()), validate=True)
        except (binascii.Error, ValueError):
            continue
        found.append(Block(kind.decode("utf-8", "replace"), content, named))
    return found


def certificate_problem(text: bytes) -> str:
    """What is wrong with a chain of certificates; "" when nothing is."""
    found = blocks(text)
    for block in found:
        if block.kind != "CERTIFICATE":
            return f'only CERTIFICATE PEM blocks are allowed, found "{block.kind}"'
        if block.headers:
            return "no PEM block headers are permitted"
        if not block.content:
            return "found CERTIFICATE PEM block containing 0 certificates"
        try:
            x509.load_der_x509_certificate(block.content)
        except ValueError:
            return "x509: malformed certificate"
    return "" if found else "must contain at least one CERTIFICATE PEM block"
