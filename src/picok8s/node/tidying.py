"""What is done now and then: logs rotated, images shown and collected, the machine's pressures looked at."""

import logging
from collections.abc import Callable
from typing import Any

from picok8s.node import logs, machine
from picok8s.node.cri import RuntimeFailure
from picok8s.node.state import RUNNING
from picok8s.node.tools import Tools

Object = dict[str, Any]

TIDY_SECONDS = 30.0
IMAGES_EVERY = 4  # Every so many rounds also the images and the pressures are looked at.

log = logging.getLogger("picok8s.node")


class Tidying:
    """`shown` hears the images that the node's status lists."""

    def __init__(self, tools: Tools, shown: Callable[[list[Object]], None]) -> None:
        self.tools = tools
        self._world = tools.world
        self._shown = shown

    async def tidy(self) -> None:
        """Rotates logs; now and then looks at the disk, the images and the pressures."""
        rounds = 0
        while True:
            try:
                await self._rotate_logs()
                if rounds % IMAGES_EVERY == 0:
                    await self._tidy_images()
            except (RuntimeFailure, OSError) as error:
                log.warning('event="tidying failed" error=%r', str(error))
            rounds += 1
            await self._world.sleep(TIDY_SECONDS)

    async def _rotate_logs(self) -> None:
        runtime = self.tools.runtime
        for table in list(runtime.containers.values()):
            for run in list(table.values()):
                if run.state == RUNNING and logs.needs_rotation(run.log_path):
                    await self._world.thread(logs.rotate, run.log_path, f"{self._world.now():.0f}")
                    await runtime.cri.call("ReopenContainerLog", container_id=run.id)

    async def _tidy_images(self) -> None:
        runtime = self.tools.runtime
        space = machine.disk(self.tools.place.root)
        used = {run.image_id for table in runtime.containers.values() for run in table.values()}
        used |= {run.image for table in runtime.containers.values() for run in table.values()}
        if await self.tools.images.collect(space["used"], space["used"] + space["free"], used):
            log.info('event="images collected"')
        self._shown(await self.tools.images.shown())
