"""Container logs as the runtime writes them (CRI format): read, filtered, followed, rotated, linked by name.

A line is `TIME STREAM TAG TEXT`; the tag's first word is F for a full line and P for a part of a longer one. Following
waits for the kernel to say that the file changed.
"""

import gzip
import os
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from picok8s.api import moment
from picok8s.node.configs import Place
from picok8s.node.world import World

Object = dict[str, Any]
Stop = Callable[[], None]

BLOCK = 64 * 1024
FILE_BYTES_MAX, FILES_MAX = 10 << 20, 5
SETTLE_SECONDS = 1.0  # After the container ended, its last lines may still be on their way.


@dataclass(frozen=True, slots=True)
class Options:
    """What `kubectl logs` asks for. `since` in seconds since the epoch; `tail` None for all."""

    follow: bool = False
    tail: int | None = None
    since: float | None = None
    timestamps: bool = False
    limit: int | None = None
    stream: str = "All"  # "Stdout", "Stderr"


def parsed(line: bytes) -> tuple[str, str, bool, bytes] | None:
    """(time, stream, whether only a part, text) of one line without its newline; None for what is no log line."""
    pieces = line.split(b" ", 3)
    if len(pieces) < 3 or pieces[1] not in (b"stdout", b"stderr"):
        return None
    text = pieces[3] if len(pieces) > 3 else b""
    partial = pieces[2].split(b":")[0] == b"P"
    return pieces[0].decode("ascii", "replace"), pieces[1].decode(), partial, text


class Filter:
    """Lines of the file in, bytes for the reader out. Remembers whether the last line was only a part."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._in_part: dict[str, bool] = {}
        self._left = options.limit
        self._open = options.since is None

    @property
    def full(self) -> bool:
        """The reader got as many bytes as it asked for."""
        return self._left is not None and self._left <= 0

    def feed(self, line: bytes) -> bytes:
        row = parsed(line)
        if row is None:
            return b""
        stamp, stream, partial, text = row
        if self._options.stream not in ("All", stream.capitalize()):
            return b""
        if not self._open:
            if seconds(stamp) < (self._options.since or 0.0):
                return b""
            self._open = True
        out = text if partial else text + b"\n"
        if self._options.timestamps and not self._in_part.get(stream):
            out = stamp.encode() + b" " + out
        self._in_part[stream] = partial
        if self._left is not None:
            out = out[: self._left]
            self._left -= len(out)
        return out


def seconds(stamp: str) -> float:
    try:
        return moment.seconds(stamp)
    except ValueError:
        return 0.0


def tail_offset(path: str, lines: int) -> int:
    """Where the last `lines` lines begin."""
    with open(path, "rb") as source:
        end = source.seek(0, os.SEEK_END)
        if lines <= 0:
            return end
        found, at = 0, end
        while at > 0:
            size = min(BLOCK, at)
            at -= size
            source.seek(at)
            block = source.read(size)
            for index in range(len(block) - 1, -1, -1):
                if block[index] == 0x0A and at + index != end - 1:
                    found += 1
                    if found == lines:
                        return at + index + 1
        return 0


async def read(
    path: str,
    options: Options,
    world: World,
    is_alive: Callable[[], bool],
    at_end: Callable[[Callable[[], None]], Stop],
) -> AsyncIterator[bytes]:
    """What the reader gets, in pieces. With `follow` until the container has ended; survives a rotation of the file.

    `at_end` is given what is to be called when the container ends: the file says nothing of that.
    """
    changed = world.event()
    stops: list[Stop] = []
    if options.follow:
        stops = [world.watch_folder(os.path.dirname(path), lambda name: changed.set()), at_end(changed.set)]
    only, source = Filter(options), None
    try:
        offset = tail_offset(path, options.tail) if options.tail is not None else 0
        source = _opened(path)
        source.seek(offset)
        rest = b""
        while True:
            changed.clear()
            alive = is_alive()
            while block := source.read(BLOCK):
                *lines, rest = (rest + block).split(b"\n")
                if piece := b"".join(only.feed(line) for line in lines):
                    yield piece
                if only.full:
                    return
            if not options.follow:
                if rest:
                    yield only.feed(rest)
                return
            if _is_rotated(source, path):
                source.close()
                source = _opened(path)
                continue
            if not alive:
                return
            try:
                await world.within(SETTLE_SECONDS if not is_alive() else None, changed.wait())
            except TimeoutError:
                continue
    finally:
        if source is not None:
            source.close()
        for stop in stops:
            stop()


def _opened(path: str) -> Any:
    """Reads of a local file do not wait, so they need no thread."""
    return open(path, "rb")


def _is_rotated(source: Any, path: str) -> bool:
    try:
        return os.stat(path).st_ino != os.fstat(source.fileno()).st_ino
    except FileNotFoundError:
        return False


def tail_text(path: str, lines: int, size: int) -> str:
    """The end of a log as plain text, for a termination message."""
    if not path or not os.path.exists(path):
        return ""
    only = Filter(Options())
    with open(path, "rb") as source:
        source.seek(tail_offset(path, lines))
        text = b"".join(only.feed(line) for line in source.read().split(b"\n") if line)
    return text[-size:].decode("utf-8", "replace")


def needs_rotation(path: str) -> bool:
    try:
        return os.stat(path).st_size > FILE_BYTES_MAX
    except OSError:
        return False


def rotate(path: str, stamp: str) -> None:
    """Moves the full file aside; the runtime must then be asked to open a new one. Older ones are packed."""
    folder, name = os.path.split(path)
    old = sorted(entry for entry in os.listdir(folder) if entry.startswith(f"{name}."))
    for entry in old[: max(0, len(old) - (FILES_MAX - 2))]:
        os.unlink(f"{folder}/{entry}")
    for entry in old[-(FILES_MAX - 2) :]:
        if not entry.endswith(".gz"):
            with open(f"{folder}/{entry}", "rb") as source, gzip.open(f"{folder}/{entry}.gz", "wb") as packed:
                shutil.copyfileobj(source, packed)
            os.unlink(f"{folder}/{entry}")
    os.rename(path, f"{path}.{stamp}")


def remove(path: str) -> None:
    """A removed container's log, with what was rotated from it."""
    folder, name = os.path.split(path)
    if not name or not os.path.isdir(folder):
        return
    for entry in os.listdir(folder):
        if entry == name or entry.startswith(f"{name}."):
            os.unlink(f"{folder}/{entry}")


def _links(place: Place) -> str:
    return f"{os.path.dirname(place.logs)}/containers"


def link(pod: Object, container: Object, id: str, path: str, place: Place) -> None:
    """/var/log/containers/POD_NAMESPACE_CONTAINER-ID.log, where log agents look."""
    folder = _links(place)
    os.makedirs(folder, exist_ok=True)
    meta = pod["metadata"]
    target = f"{place.logs}/{meta['namespace']}_{meta['name']}_{meta['uid']}/{path}"
    name = f"{folder}/{meta['name']}_{meta['namespace']}_{container['name']}-{id}.log"
    if not os.path.lexists(name):
        os.symlink(target, name)


def unlink(id: str, place: Place) -> None:
    folder = _links(place)
    if os.path.isdir(folder):
        for entry in os.listdir(folder):
            if entry.endswith(f"-{id}.log"):
                os.unlink(f"{folder}/{entry}")
