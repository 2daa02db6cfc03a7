"""coordination.k8s.io: Lease. Strategies of coordinated elections are not served, as by default upstream."""

from typing import Any

from picok8s.api.errors import FieldError, invalid_value
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import checks

Object = dict[str, Any]
Errors = list[FieldError]


def prepare(new: Object, old: Object | None) -> None:
    for key in ("strategy", "preferredHolder"):
        if key not in ((old or {}).get("spec") or {}):
            (new.get("spec") or {}).pop(key, None)


def validate(new: Object, old: Object | None) -> Errors:
    spec = new.get("spec") or {}
    seconds = spec.get("leaseDurationSeconds", 1)
    errors = [] if seconds > 0 else [invalid_value("spec.leaseDurationSeconds", seconds, "must be greater than 0")]
    return errors + checks.not_negative(spec, "spec", "leaseTransitions")


BEHAVIOURS = {
    "leases.coordination.k8s.io": Behaviour(
        prepare=prepare,
        validate=validate,
        create_on_update=True,
        unconditional_update=False,
    ),
}
