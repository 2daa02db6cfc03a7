"""The node's pods: a worker for each that the API shows, and an end for what is left of others."""

import logging
import os
from typing import Any

from picok8s.client.view import View
from picok8s.node import admit, cgroups, configs, machine, pods
from picok8s.node.config import NodeConfig
from picok8s.node.tools import Tools
from picok8s.node.worker import Worker
from picok8s.node.world import World

Object = dict[str, Any]


log = logging.getLogger("picok8s.node")


class Agent:
    def __init__(self, config: NodeConfig, world: World, view: View) -> None:
        self.workers: dict[str, Worker] = {}
        self.tools: Tools  # Given by run.py as soon as it is made; it needs this agent's callbacks.
        self._config = config
        self._world = world
        self._view = view
        self._allocatable = machine.allocatable(config.root)

    # What workers and watches call.

    def changed(self, uid: str) -> None:
        """The runtime shows something new of a pod."""
        worker = self.workers.get(uid)
        if worker is not None:
            worker.poke()

    def objects_changed(self, uid: str) -> None:
        worker = self.workers.get(uid)
        if worker is not None:
            worker.objects_changed()

    def forget(self, uid: str) -> None:
        worker = self.workers.get(uid)
        if worker is not None and worker.gone:
            del self.workers[uid]

    def allocatable(self) -> dict[str, str]:
        return self._allocatable

    def admit(self, pod: Object) -> tuple[str, str] | None:
        others = [w.pod for w in self.workers.values() if w.uid != pod["metadata"]["uid"] and not w.memory.rejected]
        return admit.refusal(pod, others, self._allocatable, self._config.allowed_sysctls)

    def room(self, pod: Object) -> tuple[str, str] | None:
        """Whether a resized pod fits: never (Infeasible), or not beside the others (Deferred)."""
        if never := admit.refusal(pod, [], self._allocatable, self._config.allowed_sysctls):
            return "Infeasible", never[1].removeprefix("Pod was rejected: ")
        later = self.admit(pod)
        return ("Deferred", later[1].removeprefix("Pod was rejected: ")) if later else None

    # Pods.

    def pod_event(self, kind: str, pod: Object, old: Object | None) -> None:
        uid = pod["metadata"]["uid"]
        if old is not None and old["metadata"]["uid"] != uid:
            self.pod_event("DELETED", old, None)  # Deleted and made anew between two looks.
        worker = self.workers.get(uid)
        if kind == "DELETED":
            if worker is not None:
                if worker.finished:
                    del self.workers[uid]
                else:
                    worker.vanish(pod)
        elif worker is not None:
            worker.update(pod)
        else:
            self._take(pod)

    def _take(self, pod: Object) -> None:
        worker = Worker(pod, self.tools)
        self.workers[worker.uid] = worker
        self._world.spawn(worker.run(), f"pod {pods.key(pod)}")

    async def clean_up(self) -> None:
        """Ends what belongs to pods that the API does not have: they were deleted while the node was away."""
        known = {pod["metadata"]["uid"] for pod in self._view.list("pods")}
        for uid in self.tools.runtime.uids() - known:
            namespace, name = self.tools.runtime.names.get(uid, ("", ""))
            if not namespace:
                continue
            meta = {"uid": uid, "name": name, "namespace": namespace, "deletionTimestamp": ""}
            worker = Worker({"metadata": meta, "spec": {}, "status": {"qosClass": "BestEffort"}}, self.tools)
            worker.gone = True
            worker.interrupt()
            self.workers[uid] = worker
            self._world.spawn(worker.run(), f"pod {namespace}/{name}")
        for uid in self.tools.volumes.uids() - known - self.tools.runtime.uids():
            await self._world.thread(self.tools.volumes.remove, uid)
        self._clean_cgroups(known | self.tools.runtime.uids())

    def _clean_cgroups(self, known: set[str]) -> None:
        root = self.tools.place.cgroup_root
        top = cgroups.MOUNT if cgroups.is_v2() else f"{cgroups.MOUNT}/memory"
        for tier in cgroups.TIERS.values():
            folder = f"{top}{root}{tier}"
            for entry in os.listdir(folder) if os.path.isdir(folder) else []:
                if entry.startswith("pod") and entry[3:] not in known:
                    cgroups.remove(f"{root}{tier}/{entry}")

    def pod(self, namespace: str, name: str) -> Object | None:
        """A pod of this node as its worker knows it."""
        found = self._view.get("pods", name, namespace)
        worker = self.workers.get(found["metadata"]["uid"]) if found else None
        return worker.pod if worker else found

    def log_directory(self, pod: Object) -> str:
        return configs.log_directory(pod, self.tools.place)
