"""IP addresses and ranges in fields: how they must be written, and in which of Kubernetes' words they are refused.

Python's own parser is as strict as Kubernetes', but says less: what is wrong with a text is found here.
"""

import ipaddress
import re

from picok8s.api.errors import FieldError, invalid_value

Errors = list[FieldError]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NOT_AN_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
NOT_A_RANGE = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
MAPPED = "must not be an IPv4-mapped IPv6 address"
LEADING_ZEROS = re.compile(r"(^|\.)0+(?=[0-9])")


def parsed(text: str) -> Address | None:
    """The address, read as leniently as Go once did: leading zeros are decimal digits too."""
    try:
        return ipaddress.ip_address(LEADING_ZEROS.sub(r"\1", text) if ":" not in text else text)
    except ValueError:
        return None


def parsed_range(text: str) -> Network | None:
    address, slash, length = text.partition("/")
    found = parsed(address)
    if found is None or not slash or not (length.isascii() and length.isdigit()) or int(length) > found.max_prefixlen:
        return None
    return ipaddress.ip_network((found, int(length)), strict=False)


def _is_mapped(address: Address) -> bool:
    return isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None


def ip(text: str, path: str) -> Errors:
    """An address in any spelling that has one meaning."""
    address = parsed(text)
    if address is None:
        return [invalid_value(path, text, NOT_AN_ADDRESS)]
    errors: Errors = []
    if ":" not in text and LEADING_ZEROS.search(text):
        errors.append(invalid_value(path, text, "must not have leading 0s"))
    if _is_mapped(address):
        errors.append(invalid_value(path, text, MAPPED))
    return errors


def canonical_ip(text: str, path: str) -> Errors:
    """As `ip`, and in the one spelling that Kubernetes gives."""
    if errors := ip(text, path):
        return errors
    right = str(parsed(text))
    return [] if text == right else [invalid_value(path, text, f'must be in canonical form ("{right}")')]


def cidr(text: str, path: str) -> Errors:
    """A range without host bits, in any spelling that has one meaning."""
    network = parsed_range(text)
    if network is None:
        return [invalid_value(path, text, NOT_A_RANGE)]
    address, _, length = text.partition("/")
    found = parsed(address)
    errors: Errors = []
    if (":" not in address and LEADING_ZEROS.search(address)) or (len(length) > 1 and length[0] == "0"):
        errors.append(invalid_value(path, text, "must not have leading 0s in IP or prefix length"))
    if found is not None and _is_mapped(found):
        errors.append(invalid_value(path, text, "must not have an IPv4-mapped IPv6 address"))
    if found != network.network_address:
        errors.append(invalid_value(path, text, "must not have bits set beyond the prefix length"))
    return errors


def canonical_cidr(text: str, path: str) -> Errors:
    if errors := cidr(text, path):
        return errors
    right = str(parsed_range(text))
    return [] if text == right else [invalid_value(path, text, f'must be in canonical form ("{right}")')]


def ip_warnings(text: str, path: str) -> list[str]:
    """Spellings that are taken but should not be used."""
    address = parsed(text)
    if address is None:
        return []
    if _is_mapped(address) or (":" not in text and LEADING_ZEROS.search(text)):
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return [f'{path}: non-standard IP address "{text}" is invalid: use "{mapped or address}"']
    if ":" in text and str(address) != text:
        return [f'{path}: IPv6 address "{text}" should be in RFC 5952 canonical format ("{address}")']
    return []


def range_warnings(text: str, path: str) -> list[str]:
    network = parsed_range(text)
    found = parsed(text.partition("/")[0])
    if network is None or found is None:
        return []
    lines: list[str] = []
    if found != network.network_address:
        single = f"{found}/{found.max_prefixlen}"
        words = f'is ambiguous in this context (should be "{network}" or "{single}"?)'
        lines.append(f'{path}: CIDR value "{text}" {words}')
    length = text.partition("/")[2]
    if _is_mapped(found) or (":" not in text and LEADING_ZEROS.search(text)) or (len(length) > 1 and length[0] == "0"):
        lines.append(f'{path}: non-standard CIDR value "{text}" is invalid: use "{network}"')
    if not lines and ":" in text and str(network) != text:
        lines.append(f'{path}: IPv6 CIDR value "{text}" should be in RFC 5952 canonical format ("{network}")')
    return lines


def endpoint(text: str, path: str) -> Errors:
    """An address that a service may send to."""
    address = parsed(text)
    if address is None:
        return [invalid_value(path, text, "must be a valid IP address")]
    multicast = address in ipaddress.ip_network("224.0.0.0/24" if address.version == 4 else "ff02::/16")
    where = (
        (address.is_unspecified, f"be unspecified ({text})"),
        (address.is_loopback, "be in the loopback range (127.0.0.0/8, ::1/128)"),
        (address.is_link_local, "be in the link-local range (169.254.0.0/16, fe80::/10)"),
        (multicast, "be in the link-local multicast range (224.0.0.0/24, ff02::/10)"),
    )
    return [invalid_value(path, text, f"may not {words}") for bad, words in where if bad]


def interface(text: str, path: str) -> Errors:
    """An address of a network interface with the length of its network's prefix."""
    network, found = parsed_range(text), parsed(text.partition("/")[0])
    if network is None or found is None:
        words = "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"
        return [invalid_value(path, text, words)]
    right = f"{found}/{network.prefixlen}"
    return [] if text == right else [invalid_value(path, text, f'must be in canonical form ("{right}")')]
