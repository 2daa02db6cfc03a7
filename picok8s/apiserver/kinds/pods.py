"""Pods: their defaults, what the server owns in them and what it refuses; and the same for the templates of other kinds."""

from typing import Any

from picok8s.api.errors import FieldError
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds.pods_defaults import default_pod, default_spec, default_template

__all__ = ["BEHAVIOURS", "default_spec", "default_template", "template_warnings", "validate_template"]

Object = dict[str, Any]


def validate_template(template: Object, path: str) -> list[FieldError]:
    """Errors of a (defaulted) pod template at `path`."""
    return []


def template_warnings(template: Object, path: str) -> list[str]:
    """Warnings of a (defaulted) pod template at `path`."""
    return []


BEHAVIOURS: dict[str, Behaviour] = {"pods": Behaviour(default=default_pod)}
