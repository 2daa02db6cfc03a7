"""How a container comes to run: its image, its environment and mounts, its creation, its start, its postStart hook."""

from typing import Any

from picok8s.node import actions, cgroups, configs, logs, pods, prepare, resizing, waits
from picok8s.node.commands import Resize, StartContainer
from picok8s.node.cri import RuntimeFailure
from picok8s.node.env import ConfigError
from picok8s.node.hand import Hand
from picok8s.node.images import ImageTrouble
from picok8s.node.state import Trouble
from picok8s.node.volumes import MountError

Object = dict[str, Any]


class Starting:
    def __init__(self, hand: Hand) -> None:
        self._hand = hand

    async def resize(self, command: Resize) -> None:
        """The pod's cgroup is opened first and closed last, so that it never holds less than its containers."""
        pod, tools, key = self._hand.pod, self._hand.tools, f"resize:{command.name}"
        container = pods.container(pod, command.name)
        if container is None:
            return
        wanted, path = resizing.text(container), cgroups.parent(pod, tools.place.cgroup_root)
        resources = cgroups.container_resources(pod, container, tools.place.machine_memory)
        resources.pop("hugepage_limits", None)
        resources.setdefault("cpu_quota", -1)
        resources.setdefault("memory_limit_in_bytes", -1)
        final = cgroups.limits(pod)
        cgroups.make(path, {**final, "quota": 0, "memory": 0})
        try:
            await tools.runtime.cri.call("UpdateContainerResources", container_id=command.id, linux=resources)
        except RuntimeFailure as failure:
            self._hand.trouble(key, "ResizeError", failure.message)
            self._hand.worker.tell("Warning", "ResizeError", f"Pod resize error: {failure.message}")
            return
        cgroups.make(path, final)
        self._hand.fine(key)
        self._hand.worker.memory.resized[command.id] = wanted
        if not resizing.pending(pod, self._hand.worker.seen()):
            self._hand.worker.tell("Normal", "ResizeCompleted", f"Pod resize completed: {wanted}")

    async def start(self, command: StartContainer) -> None:
        name = command.name
        container = pods.container(self._hand.pod, name)
        if container is None:
            return
        sandbox_config = configs.sandbox(self._hand.pod, 0, self._hand.tools.place)
        self._hand.interruptible.add(command.key)
        try:
            image = await self._hand.tools.images.ensure(
                container["image"],
                container.get("imagePullPolicy") or "IfNotPresent",
                await prepare.pull_secrets(self._hand.pod, self._hand.tools),
                sandbox_config,
                lambda type, reason, message: self._hand.worker.tell(type, reason, message, name),
            )
            if self._hand.claims is None:
                self._hand.claims = await prepare.claims(self._hand.pod, self._hand.tools)
            run = f"{command.attempt:08x}"
            prepared = await prepare.container(
                self._hand.pod, container, image, self._hand.tools, self._hand.claims, self._hand.ips, run
            )
            config = configs.container(self._hand.pod, container, command.attempt, prepared, self._hand.tools.place)
        except ImageTrouble as trouble:
            self._hand.trouble(name, trouble.reason, str(trouble), trouble.retry_at)
            if trouble.reason == "ImagePullBackOff":
                self._hand.worker.tell("Warning", "Failed", "Error: ImagePullBackOff", name)
            return
        except (ConfigError, MountError, TimeoutError) as error:
            self._failed(name, "CreateContainerConfigError", str(error))
            return
        self._hand.interruptible.discard(command.key)
        if not self._hand.ending:
            await self._create(command, container, config, sandbox_config)

    def _failed(self, name: str, reason: str, message: str) -> None:
        self._hand.trouble(name, reason, message, self._hand.tools.world.now() + waits.FIRST_SECONDS)
        self._hand.worker.tell("Warning", "Failed", f"Error: {message}", name)

    async def _create(self, command: StartContainer, container: Object, config: Object, sandbox: Object) -> None:
        name, runtime = command.name, self._hand.tools.runtime
        if target := container.get("targetContainerName"):
            found = self._hand.worker.seen().latest(target)
            if found is not None:
                options = config["linux"]["security_context"]["namespace_options"]
                options |= {"pid": "TARGET", "target_id": found.id}
        try:
            made = await runtime.cri.call(
                "CreateContainer", pod_sandbox_id=command.sandbox, config=config, sandbox_config=sandbox
            )
        except RuntimeFailure as failure:
            self._failed(name, "CreateContainerError", failure.message)
            return
        self._hand.worker.tell("Normal", "Created", "Container created", name)
        id = made.container_id
        runtime.expect(self._hand.worker.uid, id, command.sandbox)
        has_hook = bool((container.get("lifecycle") or {}).get("postStart"))
        if has_hook:
            self._hand.worker.memory.hooked.add(id)
        try:
            await runtime.cri.call("StartContainer", container_id=id)
        except RuntimeFailure as failure:
            self._hand.worker.memory.hooked.discard(id)
            self._hand.worker.tell("Warning", "Failed", f"Error: {failure.message}", name)
            self._hand.worker.memory.troubles[name] = Trouble("RunContainerError", failure.message, 0.0)
            await runtime.refresh_container(id, tell=False)
            return
        self._hand.fine(name)
        logs.link(self._hand.pod, container, id, config["log_path"], self._hand.tools.place)
        await runtime.refresh_container(id, tell=False)
        self._hand.worker.tell("Normal", "Started", "Container started", name)
        if has_hook:
            self._hand.worker.poke()
            await self._post_start(container, id)

    async def _post_start(self, container: Object, id: str) -> None:
        action = container["lifecycle"]["postStart"]
        try:
            good, words = await self._hand.tools.actions.run(action, container, id, self._hand.address(), None)
        except (actions.Unknown, ValueError) as error:
            good, words = False, str(error)
        self._hand.worker.memory.hooked.discard(id)
        if not good:
            message = actions.hook_failure("PostStart", action, container, self._hand.pod, words)
            self._hand.worker.tell("Warning", "FailedPostStartHook", message, container["name"])
            self._hand.worker.memory.failing[id] = ("FailedPostStartHook", None)
