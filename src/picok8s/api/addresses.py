"""Addresses and ranges as Kubernetes reads them: complaints about one text ([] when good), and the canonical form.

Old fields take leading zeros and IPv6 forms of IPv4 (`strict=False`); newer ones want the one canonical form.
"""

import ipaddress
import re

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NOT_AN_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
NOT_A_RANGE = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"

_ZEROS = re.compile(r"(?<![0-9a-fA-F.:])0+(?=[0-9])|(?<=\.)0+(?=[0-9])|(?<=:)0+(?=[0-9]+\.)")


def parse(text: str) -> Address | None:
    """An address, with leading zeros forgiven; None when it is none."""
    if "%" in text:
        return None
    try:
        return ipaddress.ip_address(_ZEROS.sub("", text) if "." in text else text)
    except ValueError:
        return None


def canonical(address: Address) -> str:
    """As Go prints it: an IPv4 address within IPv6 is printed as IPv4."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _is_mapped(address: Address) -> bool:
    return isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None


def _has_zeros(text: str) -> bool:
    return "." in text and _ZEROS.search(text) is not None


def address(text: str, strict: bool = True) -> list[str]:
    """An address of an old field: any form, or with `strict` neither leading zeros nor IPv4 within IPv6."""
    found = parse(text)
    if found is None:
        return [NOT_AN_ADDRESS]
    if strict and _has_zeros(text):
        return ["must not have leading 0s"]
    if strict and _is_mapped(found):
        return ["must not be an IPv4-mapped IPv6 address"]
    return []


def canonical_address(text: str) -> list[str]:
    if errors := address(text):
        return errors
    found = parse(text)
    assert found is not None
    return [] if canonical(found) == text else [f'must be in canonical form ("{canonical(found)}")']


def _split(text: str) -> tuple[Address, int] | None:
    host, slash, length = text.partition("/")
    found = parse(host)
    if not slash or found is None or not re.fullmatch("[0-9]{1,9}", length):
        return None
    return (found, int(length)) if int(length) <= found.max_prefixlen else None


def _network(found: Address, length: int) -> str:
    network = ipaddress.ip_network((int(found), length) if found.version == 4 else f"{found}/{length}", strict=False)
    if _is_mapped(found) and length >= 96:
        return str(ipaddress.ip_network(f"{canonical(found)}/{length - 96}", strict=False))
    return str(network)


def cidr(text: str, strict: bool = True) -> list[str]:
    """A range of an old field, as `address`; with `strict` no bits may be set beyond the prefix."""
    split = _split(text)
    if split is None:
        return [NOT_A_RANGE]
    found, length = split
    if not strict:
        return []
    host, _, written = text.partition("/")
    if _has_zeros(host) or written != str(length):
        return ["must not have leading 0s in IP or prefix length"]
    if _is_mapped(found):
        return ["must not have an IPv4-mapped IPv6 address"]
    if int(found) & ((1 << (found.max_prefixlen - length)) - 1):
        return ["must not have bits set beyond the prefix length"]
    return []


def canonical_cidr(text: str) -> list[str]:
    if errors := cidr(text):
        return errors
    split = _split(text)
    assert split is not None
    network = _network(*split)
    return [] if network == text else [f'must be in canonical form ("{network}")']


def address_warnings(text: str, path: str) -> list[str]:
    """Lines for an address that was let through though it is not canonical."""
    found = parse(text)
    if found is None:
        return []
    if _has_zeros(text) or _is_mapped(found):
        return [f'{path}: non-standard IP address "{text}" is invalid: use "{canonical(found)}"']
    if found.version == 6 and str(found) != text:
        return [f'{path}: IPv6 address "{text}" should be in RFC 5952 canonical format ("{found}")']
    return []


def cidr_warnings(text: str, path: str) -> list[str]:
    split = _split(text)
    if split is None:
        return []
    found, length = split
    network = _network(found, length)
    warnings = []
    if int(found) & ((1 << (found.max_prefixlen - length)) - 1):
        single = f"{canonical(found)}/{32 if '.' in canonical(found) else 128}"
        words = f'CIDR value "{text}" is ambiguous in this context (should be "{network}" or "{single}"?)'
        warnings.append(f"{path}: {words}")
    host, _, written = text.partition("/")
    if _has_zeros(host) or written != str(length) or _is_mapped(found):
        warnings.append(f'{path}: non-standard CIDR value "{text}" is invalid: use "{network}"')
    if not warnings and found.version == 6 and f"{found}/{length}" != text:
        words = f'IPv6 CIDR value "{text}" should be in RFC 5952 canonical format ("{found}/{length}")'
        warnings.append(f"{path}: {words}")
    return warnings
