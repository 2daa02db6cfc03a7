"""Pods: their defaults, what the server owns in them and what it refuses; the same for templates."""

from typing import Any

from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds.pods_defaults import default_pod, default_spec, default_template
from picok8s.apiserver.kinds.pods_validate import validate_template

__all__ = ["BEHAVIOURS", "default_spec", "default_template", "template_warnings", "validate_template"]

Object = dict[str, Any]


def template_warnings(template: Object, path: str) -> list[str]:
    """Warnings of a (defaulted) pod template at `path`."""
    return []


BEHAVIOURS: dict[str, Behaviour] = {"pods": Behaviour(default=default_pod)}
