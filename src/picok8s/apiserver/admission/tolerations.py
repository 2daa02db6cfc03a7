"""DefaultTolerationSeconds: a pod stays for a while on a node that is not ready or cannot be reached."""

from typing import Any

from picok8s.apiserver.admission.hooks import WRITES, Cluster, Hook
from picok8s.apiserver.messages import Call

Object = dict[str, Any]

SECONDS = 300
KEYS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def complete(server: Cluster, call: Call, pod: Object, old: Object | None) -> None:
    present = pod["spec"].get("tolerations") or []
    missing = [key for key in KEYS if not any(_covers(toleration, key) for toleration in present)]
    if missing:
        added = [
            {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS} for key in missing
        ]
        pod["spec"] = {**pod["spec"], "tolerations": [*present, *added]}


def _covers(toleration: Object, key: str) -> bool:
    return toleration.get("key", "") in ("", key) and toleration.get("effect", "") in ("", "NoExecute")


HOOK = Hook("DefaultTolerationSeconds", complete, ("pods",), WRITES)
