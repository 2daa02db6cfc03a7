"""Cluster addresses and address families of a service, as far as it tells itself. Services here are IPv4."""

from typing import Any

from picok8s.api.errors import FieldError, duplicate, invalid_value, required, unsupported
from picok8s.apiserver.kinds import addresses

Object = dict[str, Any]
Errors = list[FieldError]

FAMILIES = ("IPv4", "IPv6")
SINGLE, PREFERRED, REQUIRED = "SingleStack", "PreferDualStack", "RequireDualStack"
POLICIES = frozenset({SINGLE, PREFERRED, REQUIRED})


def is_headless(spec: Object) -> bool:
    return spec.get("clusterIPs") == ["None"] or (not spec.get("clusterIPs") and spec.get("clusterIP") == "None")


def needs_address(spec: Object) -> bool:
    return spec.get("type") in ("ClusterIP", "NodePort", "LoadBalancer")


def follow(spec: Object, old: Object) -> None:
    """Fills in what a client that knows only one of the two fields left as it was; what is left out, is kept."""
    one, many, was = spec.get("clusterIP", ""), spec.get("clusterIPs") or [], old.get("clusterIPs") or []
    if was and not many and one == old.get("clusterIP", ""):
        many = was
    if one != old.get("clusterIP", "") and many == was:
        many = [one] if one else []
    if needs_address(old) and needs_address(spec):
        one = one or old.get("clusterIP", "")
        many = many or was
    for key, value in (("clusterIP", one), ("clusterIPs", many)):
        if value:
            spec[key] = value
        else:
            spec.pop(key, None)


def complete(spec: Object, old: Object | None) -> None:
    """The list of addresses from the one, and the families: those of the addresses, of the old service, or IPv4."""
    if old is None and spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]
    if not needs_address(spec):
        return
    selectorless = is_headless(spec) and not spec.get("selector")
    if not spec.get("ipFamilyPolicy"):
        kept = old.get("ipFamilyPolicy") if old and needs_address(old) else None
        spec["ipFamilyPolicy"] = kept or default_policy(spec, selectorless)
    if not spec.get("ipFamilies") and old and needs_address(old) and old.get("ipFamilies"):
        spec["ipFamilies"] = old["ipFamilies"]
    if not spec.get("ipFamilies"):
        given = [family(ip) for ip in spec.get("clusterIPs") or () if addresses.parsed(ip) is not None]
        spec["ipFamilies"] = given or ["IPv4"]
    if selectorless and spec["ipFamilyPolicy"] in (REQUIRED, PREFERRED) and len(spec["ipFamilies"]) == 1:
        spec["ipFamilies"] = [*spec["ipFamilies"], *(name for name in FAMILIES if name not in spec["ipFamilies"])]


def default_policy(spec: Object, selectorless: bool) -> str:
    """A headless service without a selector may be given endpoints of any family by whoever makes them."""
    if selectorless:
        return REQUIRED if not spec.get("ipFamilies") or len(spec["ipFamilies"]) > 1 else SINGLE
    several = len(spec.get("ipFamilies") or ()) > 1 or len(spec.get("clusterIPs") or ()) > 1
    return REQUIRED if several else SINGLE


def family(ip: str) -> str:
    return "IPv6" if ":" in ip else "IPv4"


def validate(spec: Object, old: Object | None) -> Errors:
    if not needs_address(spec):
        return []
    errors, usable = shape(spec)
    if not usable:
        return errors
    errors += families(spec)
    if not errors and not is_headless(spec):
        errors += supported(spec)
    return errors + (changes(spec, old) if old else [])


def shape(spec: Object) -> tuple[Errors, bool]:
    """Errors of the addresses themselves, and whether it makes sense to look at them any further."""
    path, one, many = "spec.clusterIPs", spec.get("clusterIP", ""), spec.get("clusterIPs") or []
    errors: Errors = []
    if one:
        if not many:
            errors.append(required(path))
        elif many[0] != one:
            errors.append(invalid_value(path, many, "first value must match `clusterIP`"))
    elif many:
        errors.append(invalid_value(path, many, "must be empty when `clusterIP` is not specified"))
    seen: set[str] = set()
    for i, name in enumerate(spec.get("ipFamilies") or ()):
        if name not in FAMILIES:
            errors.append(unsupported(f"spec.ipFamilies[{i}]", name, FAMILIES))
        if name in seen:
            errors.append(duplicate(f"spec.ipFamilies[{i}]", name))
        seen.add(name)
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in POLICIES:
        errors.append(unsupported("spec.ipFamilyPolicy", policy, POLICIES))
    bad = False
    for i, ip in enumerate(many):
        if i == 0 and ip == "None":
            if len(many) > 1:
                bad = True
                errors.append(invalid_value(path, many, "'None' must be the first and only value"))
            continue
        found = addresses.ip(ip, f"{path}[{i}]")
        bad = bad or bool(found)
        errors += found
    if len(many) > 2:
        errors.append(invalid_value(path, many, "may only hold up to 2 values"))
    return errors, not bad and not errors


def families(spec: Object) -> Errors:
    path, many, named = "spec.clusterIPs", spec.get("clusterIPs") or [], spec.get("ipFamilies") or []
    if is_headless(spec):
        return []
    if len(many) > 1 and len({family(ip) for ip in many}) < len(many):
        return [invalid_value(path, many, "may specify no more than one IP for each IP family")]
    return [
        invalid_value(f"{path}[{i}]", ip, f"expected an {want} value as indicated by `ipFamilies[{i}]`")
        for i, (ip, want) in enumerate(zip(many, named, strict=False))
        if family(ip) != want
    ]


def supported(spec: Object) -> Errors:
    """What only a cluster of both families can give."""
    many, named = spec.get("clusterIPs") or [], spec.get("ipFamilies") or []
    for i, ip in enumerate(many):
        if family(ip) == "IPv6":
            return [invalid_value(f"spec.clusterIPs[{i}]", many, "IPv6 is not configured on this cluster")]
    for i, name in enumerate(named):
        if name == "IPv6":
            return [invalid_value(f"spec.ipFamilies[{i}]", name, "not configured on this cluster")]
    if spec.get("ipFamilyPolicy") == REQUIRED:
        detail = "this cluster is not configured for dual-stack services"
        return [invalid_value("spec.ipFamilyPolicy", REQUIRED, detail)]
    return []


def changes(spec: Object, old: Object) -> Errors:
    """An address is for life, as long as the service has one."""
    if not needs_address(old):
        return []
    new, was = spec.get("clusterIPs") or [], old.get("clusterIPs") or []
    once = "may not change once set"
    if is_headless(spec) and is_headless(old):
        return []
    errors: Errors = []
    if was and not new:
        errors.append(invalid_value("spec.clusterIPs[0]", new, "primary clusterIP can not be unset"))
    elif len(was) == len(new):
        errors += [invalid_value(f"spec.clusterIPs[{i}]", new, once) for i, ip in enumerate(was) if ip != new[i]]
    elif was and was[0] != new[0]:
        errors.append(invalid_value("spec.clusterIPs[0]", new, once))
    if is_headless(spec) == is_headless(old) and old.get("ipFamilies") and spec.get("ipFamilies"):
        if old["ipFamilies"][0] != spec["ipFamilies"][0]:
            errors.append(invalid_value("spec.ipFamilies[0]", spec["ipFamilies"], once))
    return errors
