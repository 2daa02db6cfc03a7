"""What each command of a step does: the calls to the runtime, the files, the hooks, the events.

A command that fails leaves a `Trouble` in the worker's memory, with the words that the API shows and the moment of the
next try; the step sees to the rest.
"""

import logging
import os
from typing import Any

from picok8s.api.errors import ApiError
from picok8s.node import cgroups, configs, logs, pods, prepare
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
from picok8s.node.ending import Ending
from picok8s.node.env import ConfigError
from picok8s.node.hand import AGAIN_SECONDS, Hand
from picok8s.node.starting import Starting
from picok8s.node.state import Container
from picok8s.node.volumes import MountError

Object = dict[str, Any]

BROKEN_SECONDS = 10.0
MESSAGE_BYTES_MAX, LOG_BYTES_MAX, LOG_LINES_MAX = 4096, 2048, 80

log = logging.getLogger("picok8s.node")


class Doing:
    def __init__(self, hand: Hand) -> None:
        self._hand = hand
        starting, ending = Starting(hand), Ending(hand)
        self._table = {
            MountVolumes: self._mount,
            CreateSandbox: self._create_sandbox,
            StopSandbox: self._stop_sandbox,
            RemoveSandbox: self._remove_sandbox,
            StartContainer: starting.start,
            StopContainer: ending.stop,
            RemoveContainer: self._remove_container,
            Resize: starting.resize,
            Reject: self._reject,
            TearDown: ending.tear_down,
            Finish: ending.finish,
        }

    async def do(self, command: Command) -> None:
        try:
            await self._table[type(command)](command)
        except RuntimeFailure as failure:
            words = (pods.key(self._hand.pod), command.key, failure.message)
            log.warning('event="command failed" pod=%s command=%s error=%r', *words)
            await self._hand.tools.world.sleep(AGAIN_SECONDS)
        except Exception:
            # A fault of ours: it is told, and the step that asks for the same again must not do so at full speed.
            log.exception('event="command broke" pod=%s command=%s', pods.key(self._hand.pod), command.key)
            await self._hand.tools.world.sleep(BROKEN_SECONDS)

    async def _mount(self, command: MountVolumes) -> None:
        self._hand.interruptible.add(command.key)
        try:
            self._hand.claims = await prepare.mount(
                self._hand.pod, self._hand.tools, self._hand.ips, self._hand.stamp()
            )
        except MountError as error:
            self._hand.trouble("volumes", "FailedMount", str(error))
            self._hand.worker.tell("Warning", "FailedMount", str(error))
            return
        self._hand.fine("volumes")
        self._hand.worker.memory.volumes = True

    async def refresh(self) -> None:
        await prepare.refresh(self._hand.pod, self._hand.tools, self._hand.ips, self._hand.stamp())

    async def _create_sandbox(self, command: CreateSandbox) -> None:
        if self._hand.ending:
            return
        pod, tools = self._hand.pod, self._hand.tools
        if not pods.is_host_network(pod):
            self._hand.interruptible.add(command.key)
            await tools.runtime.network.wait()
            self._hand.interruptible.discard(command.key)
        cgroups.make(cgroups.parent(pod, tools.place.cgroup_root), cgroups.limits(pod))
        try:
            config = configs.sandbox(pod, command.attempt, tools.place)
            handler = await self._handler()
            answer = await tools.runtime.cri.call("RunPodSandbox", config=config, runtime_handler=handler)
        except (RuntimeFailure, ConfigError) as failure:
            message = f"Failed to create pod sandbox: rpc error: {failure}"
            self._hand.trouble("sandbox", "FailedCreatePodSandBox", message)
            self._hand.worker.tell("Warning", "FailedCreatePodSandBox", message)
            await tools.runtime.refresh_sandboxes(self._hand.worker.uid)
            return
        self._hand.fine("sandbox")
        await tools.runtime.refresh_sandbox(answer.pod_sandbox_id, tell=False)
        if any("status.podIP" in str(volume) for volume in pod["spec"].get("volumes") or []):
            await self.refresh()

    async def _handler(self) -> str:
        name = self._hand.pod["spec"].get("runtimeClassName")
        if not name:
            return ""
        try:
            return str((await self._hand.tools.calls.get("runtimeclasses.node.k8s.io", name))["handler"])
        except ApiError as error:
            raise ConfigError(
                f"failed to get sandbox runtime: failed to get runtimeClassName: {error.message}"
            ) from error

    async def _stop_sandbox(self, command: StopSandbox) -> None:
        if not self._hand.ending and not self._hand.worker.memory.rejected and self._hand.worker.seen().containers:
            message = "Pod sandbox changed, it will be killed and re-created."
            if self._hand.worker.seen().alive() or not pods.is_terminal(self._hand.pod):
                self._hand.worker.tell("Normal", "SandboxChanged", message)
        await self._hand.tools.runtime.stop_sandbox(command.id)
        self._hand.worker.memory.stopped.add(command.id)

    async def _remove_sandbox(self, command: RemoveSandbox) -> None:
        await self._hand.tools.runtime.remove_sandbox(command.id)

    async def _remove_container(self, command: RemoveContainer) -> None:
        run = next((c for c in self._hand.worker.seen().containers if c.id == command.id), None)
        await self._hand.tools.runtime.remove_container(command.id)
        self._hand.worker.forget_run(command.id)
        if run is not None:
            logs.remove(run.log_path)
            logs.unlink(run.id, self._hand.tools.place)

    async def _reject(self, command: Reject) -> None:
        self._hand.worker.memory.rejected = (command.reason, command.message)
        self._hand.worker.tell(
            "Normal" if command.reason == "DeadlineExceeded" else "Warning", command.reason, command.message
        )


def exit_message(run: Container) -> str:
    """What a container left behind to say: its message file, else the end of its log where the policy says so."""
    text = ""
    if run.message_file and os.path.exists(run.message_file):
        with open(run.message_file, "rb") as source:
            text = source.read(MESSAGE_BYTES_MAX).decode("utf-8", "replace")
    if not text and run.message_policy == "FallbackToLogsOnError" and run.exit_code:
        text = logs.tail_text(run.log_path, LOG_LINES_MAX, LOG_BYTES_MAX)
    return text
