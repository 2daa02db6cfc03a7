"""Events as `kubectl describe` shows them: the same one again is counted and not written anew, and a flood is cut.

Pure: `note` takes what happened and returns the write, or None when the object has used up its allowance.
Both memories are bounded; what is forgotten only starts a new count.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from picok8s.api import moment, objects
from picok8s.reconcile.writes import Create, Event, Patch

Object = dict[str, Any]

REMEMBERED_MAX = 4096
BURST = 25  # Events about one object at once ...
REFILL_SECONDS = 300.0  # ... and then one more each five minutes, as upstream's recorder allows.
SIMILAR_MAX = 10  # Messages that differ but mean the same are combined from the tenth on ...
SIMILAR_SECONDS = 600.0  # ... when they came within ten minutes.
MESSAGE_MAX = 1024
COMBINED = "(combined from similar events): "


@dataclass(slots=True)
class Recorder:
    """Remembers what component `source` told lately."""

    source: str
    host: str = ""
    told: OrderedDict[tuple[str, ...], Object] = field(default_factory=OrderedDict)
    similar: OrderedDict[tuple[str, ...], tuple[float, set[str]]] = field(default_factory=OrderedDict)
    allowance: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def note(self, event: Event, now: float) -> Create | Patch | None:
        about = reference(event.obj)
        group = (about.get("uid", "") or about["name"], event.type, event.reason)
        message = self._combined(group, event.message, now)
        key = _key(about, event.type, event.reason, message)
        if not self._allowed(about.get("uid", "") or about["name"], now):
            return None
        if (old := self.told.get(key)) is not None:
            self.told.move_to_end(key)
            return Patch(old, {"count": old["count"] + 1, "lastTimestamp": moment.time(now), "message": message})
        return Create(self._new(event, about, message, now))

    def written(self, event: Object) -> None:
        """The API took this event: the next one like it counts on from here."""
        key = _key(event["involvedObject"], event["type"], event["reason"], event["message"])
        _keep(self.told, key, event)

    def forgotten(self, event: Object) -> None:
        """The API no longer has this event."""
        self.told.pop(_key(event["involvedObject"], event["type"], event["reason"], event["message"]), None)

    def _new(self, event: Event, about: Object, message: str, now: float) -> Object:
        source = {"component": self.source, **({"host": self.host} if self.host else {})}
        made: Object = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{about['name']}.{int(now * 1e9):x}",
                "namespace": about.get("namespace") or "default",
            },
            "involvedObject": about,
            "reason": event.reason,
            "message": message,
            "source": source,
            "firstTimestamp": moment.time(now),
            "lastTimestamp": moment.time(now),
            "count": 1,
            "type": event.type,
            "reportingComponent": self.source,
            "reportingInstance": self.host,
        }
        return made if not event.action else {**made, "action": event.action}

    def _combined(self, group: tuple[str, ...], message: str, now: float) -> str:
        message = message if len(message) <= MESSAGE_MAX else message[: MESSAGE_MAX - 3] + "..."
        since, messages = self.similar.get(group, (now, set()))
        if now - since > SIMILAR_SECONDS:
            since, messages = now, set()
        if message not in messages and len(messages) >= SIMILAR_MAX:
            return COMBINED + message
        messages.add(message)
        _keep(self.similar, group, (since, messages))
        return message

    def _allowed(self, subject: str, now: float) -> bool:
        left, at = self.allowance.get(subject, (float(BURST), now))
        left = min(float(BURST), left + (now - at) / REFILL_SECONDS)
        _keep(self.allowance, subject, (left - 1 if left >= 1 else left, now))
        return left >= 1


def _key(about: Object, type: str, reason: str, message: str) -> tuple[str, ...]:
    """What makes two events the same; combined ones are, whatever each tells."""
    return about.get("uid", "") or about["name"], type, reason, COMBINED if message.startswith(COMBINED) else message


def reference(obj: Object) -> Object:
    """The ObjectReference of what an event is about."""
    about = {
        "kind": obj["kind"],
        "namespace": objects.namespace(obj),
        "name": objects.name(obj),
        "uid": objects.uid(obj),
        "apiVersion": obj["apiVersion"],
        "resourceVersion": objects.revision(obj),
    }
    return {word: value for word, value in about.items() if value}


def _keep(memory: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    memory[key] = value
    memory.move_to_end(key)
    while len(memory) > REMEMBERED_MAX:
        memory.popitem(last=False)
