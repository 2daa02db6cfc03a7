"""What is done with the bytes of a relayed connection on their way: nothing, a tunnel's wrapping, messages of output.

An Exchange is asked with the bytes that one side sent (b"" at its end) and says what each side is to be sent. It holds
no connection and never waits; `run.py` moves the bytes.
"""

from dataclasses import dataclass
from typing import Protocol

from picok8s.wire import channels, websocket


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be sent, and whether that is all: then both connections are closed."""

    to_client: bytes = b""
    to_node: bytes = b""
    done: bool = False


class Exchange(Protocol):
    @property
    def ready(self) -> bool:
        """Whether bytes of the client may come in already."""

    def from_client(self, data: bytes) -> Step: ...

    def from_node(self, data: bytes) -> Step: ...


class Through:
    """Bytes as they are: the two sides understand each other."""

    ready = True

    def from_client(self, data: bytes) -> Step:
        return Step(to_node=data, done=not data)

    def from_node(self, data: bytes) -> Step:
        return Step(to_client=data, done=not data)


class Tunnel:
    """A byte stream in binary WebSocket messages on the client's side, bare on the node's."""

    ready = True

    def __init__(self) -> None:
        self._reader = websocket.Reader()

    def from_client(self, data: bytes) -> Step:
        if not data:
            return Step(done=True)
        inner, answer = b"", b""
        try:
            for event in self._reader.feed(data):
                match event:
                    case websocket.Message(text=True):
                        raise websocket.ProtocolError(websocket.BAD_DATA, "text in a tunnel")
                    case websocket.Message():
                        inner += event.data
                    case websocket.Ping():
                        answer += websocket.pong(event.data)
                    case websocket.Close():
                        return Step(answer + websocket.close(), inner, done=True)
        except websocket.ProtocolError as error:
            return Step(answer + websocket.close(error.code, str(error)), inner, done=True)
        return Step(answer, inner)

    def from_node(self, data: bytes) -> Step:
        if not data:
            return Step(websocket.close(), done=True)
        return Step(websocket.message(data))


class Output:
    """Messages to a client that is only listened to for its end: of a log or a watch."""

    ready = True

    def __init__(self, protocol: str, text: bool = False) -> None:
        self._reader = websocket.Reader()
        self._protocol = protocol
        self._text = text

    def from_client(self, data: bytes) -> Step:
        if not data:
            return Step(done=True)
        answer = b""
        try:
            for event in self._reader.feed(data):
                if isinstance(event, websocket.Ping):
                    answer += websocket.pong(event.data)
                elif isinstance(event, websocket.Close):
                    return Step(answer + websocket.close(), done=True)
        except websocket.ProtocolError as error:
            return Step(answer + websocket.close(error.code, str(error)), done=True)
        return Step(answer)

    def from_node(self, data: bytes) -> Step:
        if not data:
            return Step(websocket.close(), done=True)
        if self._text:
            return Step(websocket.message(data, text=True))
        return Step(channels.output(self._protocol, data))
