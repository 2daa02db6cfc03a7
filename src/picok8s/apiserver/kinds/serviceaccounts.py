"""ServiceAccounts."""

from typing import Any

from picok8s.api.resource import Behaviour

Object = dict[str, Any]

OLD_ANNOTATION = "kubernetes.io/enforce-mountable-secrets"


def prepare(new: Object, old: Object | None) -> None:
    """Of a reference to a secret only its name counts."""
    if "secrets" in new:
        new["secrets"] = [{"name": ref["name"]} if ref.get("name") else {} for ref in new["secrets"]]


def warnings(new: Object, old: Object | None) -> list[str]:
    if OLD_ANNOTATION not in (new["metadata"].get("annotations") or {}):
        return []
    if old is not None and OLD_ANNOTATION in (old["metadata"].get("annotations") or {}):
        return []
    told = "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"
    return [f"metadata.annotations[{OLD_ANNOTATION}]: {told}"]


BEHAVIOURS = {"serviceaccounts": Behaviour(prepare=prepare, warnings=warnings, delete_answers_object=True)}
