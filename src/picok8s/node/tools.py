"""What every pod's worker is given: the API, the runtime, the clock, and what all pods of the node share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from picok8s.client.calls import Calls
from picok8s.node.actions import Actions
from picok8s.node.configs import Place
from picok8s.node.events import Events
from picok8s.node.images import Images
from picok8s.node.runtime import Runtime
from picok8s.node.tokens import Tokens
from picok8s.node.volumes import Volumes
from picok8s.node.watched import Watched
from picok8s.node.world import World

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tools:
    calls: Calls
    world: World
    runtime: Runtime
    images: Images
    volumes: Volumes
    watched: Watched
    tokens: Tokens
    events: Events
    actions: Actions
    place: Place
    machine: Object  # {"ips": [...], "runtime": "containerd"}
    services: Callable[[], Any]  # async: the services that the API server has shown
    allocatable: Callable[[], dict[str, str]]
    admit: Callable[[Object], tuple[str, str] | None]  # Why the node must refuse the pod: (reason, message)
    room: Callable[[Object], tuple[str, str] | None]  # Why a resize cannot be done (now): (reason, message)
    forget: Callable[[str], None]  # The pod of this uid has come to its end here.
