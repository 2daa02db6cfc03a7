"""What each command of a step does: the calls to the runtime, the files, the hooks, the events.

A command that fails leaves a `Trouble` in the worker's memory, with the words that the API shows and the moment of the
next try; the step sees to the rest.
"""

import logging
import os
import shutil
from typing import TYPE_CHECKING, Any

from picok8s.api.errors import ApiError
from picok8s.node import actions, cgroups, configs, logs, pods, prepare, resizing, waits
from picok8s.node.commands import (
    Command,
    CreateSandbox,
    Finish,
    MountVolumes,
    Reject,
    RemoveContainer,
    RemoveSandbox,
    Resize,
    StartContainer,
    StopContainer,
    StopSandbox,
    TearDown,
)
from picok8s.node.cri import RuntimeFailure
from picok8s.node.env import ConfigError
from picok8s.node.images import ImageTrouble
from picok8s.node.state import RUNNING, Container, Trouble
from picok8s.node.tools import Tools
from picok8s.node.volumes import Claim, MountError

if TYPE_CHECKING:
    from picok8s.node.worker import Worker

Object = dict[str, Any]

GRACE_SECONDS_MIN = 2  # What a container has at least after its preStop hook used up the grace.
MESSAGE_BYTES_MAX, LOG_BYTES_MAX, LOG_LINES_MAX = 4096, 2048, 80
AGAIN_SECONDS = 1.0
BROKEN_SECONDS = 10.0

log = logging.getLogger("picok8s.node")


class Doing:
    def __init__(self, worker: "Worker", tools: Tools) -> None:
        self.ending = False
        self.interruptible: set[str] = set()  # Keys of commands that a deletion may cut short without harm.
        self._worker = worker
        self._tools = tools
        self._claims: dict[str, Claim] | None = None
        self._tries: dict[str, float] = {}  # What failed -> the last wait
        self._hooked: set[str] = set()  # Containers whose preStop hook was run.
        self._told: set[str] = set()
        self._table = {
            MountVolumes: self._mount,
            CreateSandbox: self._create_sandbox,
            StopSandbox: self._stop_sandbox,
            RemoveSandbox: self._remove_sandbox,
            StartContainer: self._start,
            StopContainer: self._stop,
            RemoveContainer: self._remove_container,
            Resize: self._resize,
            Reject: self._reject,
            TearDown: self._tear_down,
            Finish: self._finish,
        }

    async def do(self, command: Command) -> None:
        try:
            await self._table[type(command)](command)
        except RuntimeFailure as failure:
            words = (pods.key(self._pod), command.key, failure.message)
            log.warning('event="command failed" pod=%s command=%s error=%r', *words)
            await self._tools.world.sleep(AGAIN_SECONDS)
        except Exception:
            # A fault of ours: it is told, and the step that asks for the same again must not do so at full speed.
            log.exception('event="command broke" pod=%s command=%s', pods.key(self._pod), command.key)
            await self._tools.world.sleep(BROKEN_SECONDS)

    @property
    def _pod(self) -> Object:
        return self._worker.pod

    @property
    def _ips(self) -> tuple[str, ...]:
        if pods.is_host_network(self._pod):
            return tuple(self._tools.machine["ips"])
        sandbox = self._worker.seen().sandbox()
        return sandbox.ips if sandbox else ()

    def _stamp(self) -> str:
        return f"{self._tools.world.now():.6f}"

    def _trouble(self, key: str, reason: str, message: str, retry_at: float | None = None) -> None:
        if retry_at is None:
            self._tries[key] = waits.doubled(self._tries.get(key, 0.0)) if key in self._tries else AGAIN_SECONDS
            retry_at = self._tools.world.now() + self._tries[key]
        self._worker.memory.troubles[key] = Trouble(reason, message, retry_at)

    def _fine(self, key: str) -> None:
        self._worker.memory.troubles.pop(key, None)
        self._tries.pop(key, None)

    async def _mount(self, command: MountVolumes) -> None:
        self.interruptible.add(command.key)
        try:
            self._claims = await prepare.mount(self._pod, self._tools, self._ips, self._stamp())
        except MountError as error:
            self._trouble("volumes", "FailedMount", str(error))
            self._worker.tell("Warning", "FailedMount", str(error))
            return
        self._fine("volumes")
        self._worker.memory.volumes = True

    async def refresh(self) -> None:
        await prepare.refresh(self._pod, self._tools, self._ips, self._stamp())

    async def _create_sandbox(self, command: CreateSandbox) -> None:
        if self.ending:
            return
        pod, tools = self._pod, self._tools
        cgroups.make(cgroups.parent(pod, tools.place.cgroup_root), cgroups.limits(pod))
        try:
            config = configs.sandbox(pod, command.attempt, tools.place)
            handler = await self._handler()
            answer = await tools.runtime.cri.call("RunPodSandbox", config=config, runtime_handler=handler)
        except (RuntimeFailure, ConfigError) as failure:
            message = f"Failed to create pod sandbox: rpc error: {failure}"
            self._trouble("sandbox", "FailedCreatePodSandBox", message)
            self._worker.tell("Warning", "FailedCreatePodSandBox", message)
            return
        self._fine("sandbox")
        await tools.runtime.refresh_sandbox(answer.pod_sandbox_id, tell=False)
        if any("status.podIP" in str(volume) for volume in pod["spec"].get("volumes") or []):
            await self.refresh()

    async def _handler(self) -> str:
        name = self._pod["spec"].get("runtimeClassName")
        if not name:
            return ""
        try:
            return str((await self._tools.calls.get("runtimeclasses.node.k8s.io", name))["handler"])
        except ApiError as error:
            raise ConfigError(
                f"failed to get sandbox runtime: failed to get runtimeClassName: {error.message}"
            ) from error

    async def _stop_sandbox(self, command: StopSandbox) -> None:
        if not self.ending and not self._worker.memory.rejected and self._worker.seen().containers:
            message = "Pod sandbox changed, it will be killed and re-created."
            if self._worker.seen().alive() or not pods.is_terminal(self._pod):
                self._worker.tell("Normal", "SandboxChanged", message)
        await self._tools.runtime.stop_sandbox(command.id)
        self._worker.memory.stopped.add(command.id)

    async def _remove_sandbox(self, command: RemoveSandbox) -> None:
        await self._tools.runtime.remove_sandbox(command.id)

    async def _remove_container(self, command: RemoveContainer) -> None:
        run = next((c for c in self._worker.seen().containers if c.id == command.id), None)
        await self._tools.runtime.remove_container(command.id)
        self._worker.forget_run(command.id)
        if run is not None:
            logs.remove(run.log_path)
            logs.unlink(run.id, self._tools.place)

    async def _resize(self, command: Resize) -> None:
        """The pod's cgroup is opened first and closed last, so that it never holds less than its containers."""
        pod, tools, key = self._pod, self._tools, f"resize:{command.name}"
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
            self._trouble(key, "ResizeError", failure.message)
            self._worker.tell("Warning", "ResizeError", f"Pod resize error: {failure.message}")
            return
        cgroups.make(path, final)
        self._fine(key)
        self._worker.memory.resized[command.id] = wanted
        if not resizing.pending(pod, self._worker.seen()):
            self._worker.tell("Normal", "ResizeCompleted", f"Pod resize completed: {wanted}")

    async def _start(self, command: StartContainer) -> None:
        name = command.name
        container = pods.container(self._pod, name)
        if container is None:
            return
        sandbox_config = configs.sandbox(self._pod, 0, self._tools.place)
        self.interruptible.add(command.key)
        try:
            image = await self._tools.images.ensure(
                container["image"],
                container.get("imagePullPolicy") or "IfNotPresent",
                await prepare.pull_secrets(self._pod, self._tools),
                sandbox_config,
                lambda type, reason, message: self._worker.tell(type, reason, message, name),
            )
            if self._claims is None:
                self._claims = await prepare.claims(self._pod, self._tools)
            run = f"{command.attempt:08x}"
            prepared = await prepare.container(self._pod, container, image, self._tools, self._claims, self._ips, run)
            config = configs.container(self._pod, container, command.attempt, prepared, self._tools.place)
        except ImageTrouble as trouble:
            self._trouble(name, trouble.reason, str(trouble), trouble.retry_at)
            if trouble.reason == "ImagePullBackOff":
                self._worker.tell("Warning", "Failed", "Error: ImagePullBackOff", name)
            return
        except (ConfigError, MountError, TimeoutError) as error:
            self._failed(name, "CreateContainerConfigError", str(error))
            return
        self.interruptible.discard(command.key)
        if not self.ending:
            await self._create(command, container, config, sandbox_config)

    def _failed(self, name: str, reason: str, message: str) -> None:
        self._trouble(name, reason, message, self._tools.world.now() + waits.FIRST_SECONDS)
        self._worker.tell("Warning", "Failed", f"Error: {message}", name)

    async def _create(self, command: StartContainer, container: Object, config: Object, sandbox: Object) -> None:
        name, runtime = command.name, self._tools.runtime
        if target := container.get("targetContainerName"):
            found = self._worker.seen().latest(target)
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
        self._worker.tell("Normal", "Created", "Container created", name)
        id = made.container_id
        runtime.expect(self._worker.uid, id, command.sandbox)
        has_hook = bool((container.get("lifecycle") or {}).get("postStart"))
        if has_hook:
            self._worker.memory.hooked.add(id)
        try:
            await runtime.cri.call("StartContainer", container_id=id)
        except RuntimeFailure as failure:
            self._worker.memory.hooked.discard(id)
            self._worker.tell("Warning", "Failed", f"Error: {failure.message}", name)
            self._worker.memory.troubles[name] = Trouble("RunContainerError", failure.message, 0.0)
            await runtime.refresh_container(id, tell=False)
            return
        self._fine(name)
        logs.link(self._pod, container, id, config["log_path"], self._tools.place)
        await runtime.refresh_container(id, tell=False)
        self._worker.tell("Normal", "Started", "Container started", name)
        if has_hook:
            self._worker.poke()
            await self._post_start(container, id)

    async def _post_start(self, container: Object, id: str) -> None:
        action = container["lifecycle"]["postStart"]
        try:
            good, words = await self._tools.actions.run(action, container, id, self._address(), None)
        except (actions.Unknown, ValueError) as error:
            good, words = False, str(error)
        self._worker.memory.hooked.discard(id)
        if not good:
            message = actions.hook_failure("PostStart", action, container, self._pod, words)
            self._worker.tell("Warning", "FailedPostStartHook", message, container["name"])
            self._worker.memory.failing[id] = ("FailedPostStartHook", None)

    def _address(self) -> str:
        ips = self._ips
        return ips[0] if ips else "127.0.0.1"

    async def _stop(self, command: StopContainer) -> None:
        pod, world = self._pod, self._tools.world
        if command.id not in self._told:
            self._told.add(command.id)
            self._worker.tell("Normal", "Killing", command.why, command.name)
        began = world.now()
        container = pods.container(pod, command.name)
        run = next((c for c in self._worker.seen().containers if c.id == command.id), None)
        hook = ((container or {}).get("lifecycle") or {}).get("preStop")
        grace = command.grace
        if hook and grace and command.id not in self._hooked and run is not None and run.state == RUNNING:
            self._hooked.add(command.id)
            await self._pre_stop(hook, container or {}, command.id, grace)
            grace = max(GRACE_SECONDS_MIN, int(grace - (world.now() - began)))
        await self._tools.runtime.stop_container(command.id, grace)

    async def _pre_stop(self, hook: Object, container: Object, id: str, grace: int) -> None:
        try:
            work = self._tools.actions.run(hook, container, id, self._address(), None)
            good, words = await self._tools.world.within(float(grace), work)
        except (actions.Unknown, ValueError) as error:
            good, words = False, str(error)
        except TimeoutError:
            good, words = False, "the hook did not end within the grace period"
        if not good:
            message = actions.hook_failure("PreStop", hook, container, self._pod, words)
            self._worker.tell("Warning", "FailedPreStopHook", message, container["name"])

    async def _reject(self, command: Reject) -> None:
        self._worker.memory.rejected = (command.reason, command.message)
        self._worker.tell(
            "Normal" if command.reason == "DeadlineExceeded" else "Warning", command.reason, command.message
        )

    async def _tear_down(self, command: TearDown) -> None:
        uid = self._worker.uid
        self._tools.watched.hold(uid, set())
        self._tools.tokens.forget(uid)
        try:
            await self._tools.world.thread(self._tools.volumes.remove, uid)
        except OSError as error:
            log.warning('event="volumes not removed" pod=%s error=%r', pods.key(self._pod), str(error))
            await self._tools.world.sleep(AGAIN_SECONDS)
            return
        await self._tools.world.thread(cgroups.remove, cgroups.parent(self._pod, self._tools.place.cgroup_root))
        self._worker.memory.torn_down = True

    async def _finish(self, command: Finish) -> None:
        """The pod's end. The API goes first: who waits for a deletion need not wait for our cleaning."""
        pod, runtime = self._pod, self._tools.runtime
        if not self._worker.gone:
            await self._worker.send_last()
            options = {"gracePeriodSeconds": 0, "preconditions": {"uid": self._worker.uid}}
            try:
                await self._tools.calls.delete("pods", pod["metadata"]["name"], pod["metadata"]["namespace"], options)
            except ApiError as error:
                if error.code not in (404, 409):
                    log.warning('event="pod not deleted" pod=%s error=%r', pods.key(pod), error.message)
                    await self._tools.world.sleep(AGAIN_SECONDS)
                    return
        seen = self._worker.seen()
        for run in seen.containers:
            await runtime.remove_container(run.id)
            logs.unlink(run.id, self._tools.place)
        for sandbox in seen.sandboxes:
            await runtime.remove_sandbox(sandbox.id)
        shutil.rmtree(configs.log_directory(pod, self._tools.place), ignore_errors=True)
        self._worker.finished = True
        self._tools.forget(self._worker.uid)

    def exit_message(self, run: Container) -> str:
        """What a container left behind to say: its message file, else the end of its log where the policy says so."""
        text = ""
        if run.message_file and os.path.exists(run.message_file):
            with open(run.message_file, "rb") as source:
                text = source.read(MESSAGE_BYTES_MAX).decode("utf-8", "replace")
        if not text and run.message_policy == "FallbackToLogsOnError" and run.exit_code:
            text = logs.tail_text(run.log_path, LOG_LINES_MAX, LOG_BYTES_MAX)
        return text
