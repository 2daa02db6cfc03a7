"""A remote command (exec, attach) between a WebSocket client of version 5 and a node that speaks SPDY/3.1.

The node gets the streams error, stdin, stdout, stderr and resize of version 4, each as far as it is wanted. The
client's end of stdin becomes the end of that stream, which is what version 5 is for. At the end the client is told how
the command ended: a Status on its error channel, in the words of Kubernetes' API server.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from picok8s.apiserver.messages import Request
from picok8s.apiserver.relay.exchange import Step
from picok8s.wire import channels, spdy, websocket

Object = dict[str, Any]

NODE_PROTOCOL = "v4.channel.k8s.io"
VERDICT_MAX = 64 * 1024  # Bytes of a Status.
SUCCESS = {"metadata": {}, "status": "Success"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The streams that a client asks for."""

    stdin: bool = False
    stdout: bool = False
    stderr: bool = False
    tty: bool = False

    @classmethod
    def of(cls, request: Request) -> "Wanted":
        return cls(*(request.flag(name) for name in ("stdin", "stdout", "stderr", "tty")))

    def streams(self) -> dict[str, int]:
        """Type of stream -> channel, in the order in which they are made. A terminal has no stderr of its own."""
        rows = (
            ("error", channels.ERROR, True),
            ("stdin", channels.STDIN, self.stdin),
            ("stdout", channels.STDOUT, self.stdout),
            ("stderr", channels.STDERR, self.stderr and not self.tty),
            ("resize", channels.RESIZE, self.tty),
        )
        return {name: channel for name, channel, is_wanted in rows if is_wanted}


class Remote:
    """One remote command, from the moment that both sides have agreed to talk."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._client = websocket.Reader()
        self._node = spdy.Reader()
        self._writer = spdy.Writer()
        ids = {channel: 1 + 2 * i for i, channel in enumerate(wanted.streams().values())}
        self._stream = ids  # Channel -> id of the stream.
        self._channel = {stream: channel for channel, stream in ids.items()}
        self._unanswered = set(ids.values())
        self._to_end = {ids[c] for c in (channels.ERROR, channels.STDOUT, channels.STDERR) if c in ids}
        self._input = {c for c in (channels.STDIN, channels.RESIZE) if c in ids}  # Still open for the client.
        self._verdict = b""

    @property
    def ready(self) -> bool:
        """Whether the node has taken every stream: until then it would drop what is sent on one."""
        return not self._unanswered

    def greeting(self) -> bytes:
        """An empty message on the first channel that the client can read tells it that the connection stands."""
        wanted = self._wanted
        first = channels.STDOUT if wanted.stdout else channels.STDERR if wanted.stderr else channels.ERROR
        return channels.encode(first)

    def opening(self) -> bytes:
        """To the node: the streams."""
        frames = []
        for name, channel in self._wanted.streams().items():
            frames.append(self._writer.write(spdy.SynStream(self._stream[channel], {"streamtype": name})))
        return b"".join(frames)

    def from_client(self, data: bytes) -> Step:
        if not data:
            return Step(done=True)
        answer, inner = b"", b""
        try:
            for event in self._client.feed(data):
                match event:
                    case websocket.Message():
                        inner += self._input_frame(event.data)
                    case websocket.Ping():
                        answer += websocket.pong(event.data)
                    case websocket.Close():
                        return Step(answer + websocket.close(), inner, done=True)
        except channels.ProtocolError as error:
            return Step(answer + websocket.close(websocket.PROTOCOL_ERROR, str(error)), inner, done=True)
        except websocket.ProtocolError as error:
            return Step(answer + websocket.close(error.code, str(error)), inner, done=True)
        return Step(answer, inner)

    def _input_frame(self, message: bytes) -> bytes:
        piece = channels.decode(message)
        if piece is None or piece.channel not in self._input:
            return b""
        if piece.end:
            self._input.discard(piece.channel)
        elif not piece.data:
            return b""
        return self._writer.write(spdy.Data(self._stream[piece.channel], piece.data, piece.end))

    def from_node(self, data: bytes) -> Step:
        if not data:
            return Step(self._ending(), done=True)
        to_client, to_node = b"", b""
        try:
            frames = self._node.feed(data)
        except spdy.ProtocolError as error:
            return Step(self.failure(f"the node broke the protocol: {error}"), done=True)
        for frame in frames:
            match frame:
                case spdy.SynReply():
                    self._unanswered.discard(frame.stream)
                case spdy.Data():
                    to_client += self._output(frame)
                case spdy.RstStream() if frame.stream in self._unanswered:
                    return Step(to_client + self.failure("stream was refused"), to_node, done=True)
                case spdy.Ping() if frame.id % 2 == 0:
                    to_node += self._writer.write(frame)
                case _:
                    pass
            if isinstance(frame, spdy.RstStream) or getattr(frame, "fin", False):
                self._to_end.discard(frame.stream)  # type: ignore[union-attr]
        if not self._to_end:
            return Step(to_client + self._ending(), to_node, done=True)
        return Step(to_client, to_node)

    def _output(self, frame: spdy.Data) -> bytes:
        channel = self._channel.get(frame.stream)
        if channel == channels.ERROR:
            self._verdict += frame.data[: VERDICT_MAX - len(self._verdict)]
        elif channel in (channels.STDOUT, channels.STDERR) and frame.data:
            return channels.encode(channel, frame.data)
        return b""

    def _ending(self) -> bytes:
        return _last(verdict(self._verdict))

    def failure(self, message: str) -> bytes:
        """To the client: that the command cannot be run or be seen to its end."""
        return _last(internal_error(message))


def _last(status: Object) -> bytes:
    return channels.encode(channels.ERROR, orjson.dumps(status)) + websocket.close()


def verdict(raw: bytes) -> Object:
    """What the client is told, from what the node said of the command's end."""
    try:
        told = orjson.loads(raw)
    except orjson.JSONDecodeError:
        if not raw:
            return internal_error("the connection to the node ended before the command did")
        return internal_error(f"error stream protocol error: {raw.decode(errors='replace')}")
    if not isinstance(told, dict) or told.get("status") not in ("Success", "Failure"):
        return internal_error("error stream protocol error: unknown error")
    if told["status"] == "Success":
        return SUCCESS
    if told.get("reason") != "NonZeroExitCode":
        return internal_error(told.get("message", ""))
    causes = (told.get("details") or {}).get("causes") or []
    code = next((cause.get("message", "") for cause in causes if cause.get("reason") == "ExitCode"), None)
    if code is None:
        return internal_error("error stream protocol error: no ExitCode cause given")
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: command terminated with exit code {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": code}]},
    }


def internal_error(message: str) -> Object:
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"Internal error occurred: {message}",
        "reason": "InternalError",
        "details": {"causes": [{"message": message}]},
        "code": 500,
    }
