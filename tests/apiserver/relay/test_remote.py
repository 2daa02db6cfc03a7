"""A remote command between WebSocket and SPDY: the streams, both directions, and how its end is told."""

import orjson
import pytest

from picok8s.apiserver.messages import Request
from picok8s.apiserver.relay.remote import Remote, Wanted, verdict
from picok8s.wire import channels, spdy, websocket

MASK = b"mask"
FAILED = {
    "status": "Failure",
    "reason": "NonZeroExitCode",
    "details": {"causes": [{"reason": "ExitCode", "message": "3"}]},
}


class Play:
    """A remote command with its client and its node."""

    def __init__(self, **wanted: bool) -> None:
        self.remote = Remote(Wanted(**wanted))
        self.writer, self.node, self.client = spdy.Writer(), spdy.Reader(), websocket.Reader(masked=False)
        self.opened = {f.headers["streamtype"]: f.stream for f in self.node.feed(self.remote.opening())}  # type: ignore[union-attr]
        self.done = False

    def accept(self) -> "Play":
        self.says(*(spdy.SynReply(stream) for stream in self.opened.values()))
        return self

    def says(self, *frames: spdy.Frame) -> list[object]:
        """The node sends; returns what the client gets: (channel, data), or the end."""
        step = self.remote.from_node(b"".join(self.writer.write(frame) for frame in frames))
        self.done = step.done
        return self.heard(step.to_client)

    def heard(self, raw: bytes) -> list[object]:
        got = self.client.feed(raw)
        return [(e.data[0], e.data[1:]) if isinstance(e, websocket.Message) else e for e in got]

    def sends(self, *messages: bytes) -> list[spdy.Frame]:
        """The client sends; returns what the node gets."""
        step = self.remote.from_client(b"".join(websocket.frame(websocket.BINARY, m, mask=MASK) for m in messages))
        self.done = step.done
        return self.node.feed(step.to_node)


def told(message: object) -> dict[str, object]:
    assert isinstance(message, tuple) and message[0] == channels.ERROR
    return orjson.loads(message[1])


def test_wants_what_the_request_says():
    request = Request("GET", "/", {"stdin": ["true"], "stdout": ["1"], "stderr": ["false"]})
    assert Wanted.of(request) == Wanted(stdin=True, stdout=True)


def test_opens_the_streams_that_are_wanted():
    assert Play(stdin=True, stdout=True, stderr=True).opened == {"error": 1, "stdin": 3, "stdout": 5, "stderr": 7}
    assert Play(stdout=True, stderr=True, tty=True).opened == {"error": 1, "stdout": 3, "resize": 5}


def test_is_ready_when_the_node_has_taken_every_stream():
    play = Play(stdout=True)
    assert not play.remote.ready
    play.says(spdy.SynReply(1))
    assert not play.remote.ready
    play.says(spdy.SynReply(3))
    assert play.remote.ready


@pytest.mark.parametrize(
    "wanted, channel",
    [({"stdout": True}, 1), ({"stderr": True}, 2), ({"stdin": True}, 3), ({"stderr": True, "stdout": True}, 1)],
)
def test_greets_on_the_first_channel_that_can_be_read(wanted: dict[str, bool], channel: int):
    play = Play(**wanted)
    assert play.heard(play.remote.greeting()) == [(channel, b"")]


def test_input_goes_to_its_stream_and_ends():
    play = Play(stdin=True, stdout=True).accept()
    stdin = play.opened["stdin"]
    assert play.sends(b"\x00ab", b"\x01no", b"\x00cd", b"\xff\x00", b"\x00late", b"") == [
        spdy.Data(stdin, b"ab"), spdy.Data(stdin, b"cd"), spdy.Data(stdin, b"", True),
    ]  # fmt: skip
    assert not play.done


def test_sizes_go_to_a_terminal_only():
    size = b'{"Width":80,"Height":24}'
    assert Play(stdout=True).accept().sends(b"\x04" + size) == []
    play = Play(stdout=True, tty=True).accept()
    assert play.sends(b"\x04" + size) == [spdy.Data(play.opened["resize"], size)]


def test_output_comes_on_its_channel():
    play = Play(stdout=True, stderr=True).accept()
    out, err = play.opened["stdout"], play.opened["stderr"]
    assert play.says(spdy.Data(out, b"o"), spdy.Data(err, b"e"), spdy.Data(out, b""), spdy.Data(99, b"?")) == [
        (1, b"o"),
        (2, b"e"),
    ]


@pytest.mark.parametrize("ends", ["fin", "reset"])
def test_ends_when_all_that_the_node_sends_has_ended(ends: str):
    play = Play(stdin=True, stdout=True).accept()
    error, out = play.opened["error"], play.opened["stdout"]
    play.says(spdy.Data(error, orjson.dumps(FAILED)))
    if ends == "fin":
        play.says(spdy.Data(error, b"", True))
        assert not play.done
        last = play.says(spdy.Data(out, b"x", True))
    else:
        last = play.says(spdy.Data(out, b"x"), spdy.RstStream(out, 5), spdy.RstStream(error, 5))
    assert play.done and last[0] == (1, b"x") and last[2] == websocket.Close(1000)
    assert told(last[1])["message"] == "command terminated with non-zero exit code: command terminated with exit code 3"


def test_ends_with_the_node_and_says_so():
    play = Play(stdout=True).accept()
    step = play.remote.from_node(b"")
    assert step.done
    assert "before the command did" in str(told(play.heard(step.to_client)[0])["message"])


def test_a_refused_stream_or_nonsense_is_an_error():
    play = Play(stdout=True)
    assert "stream was refused" in str(told(play.says(spdy.RstStream(3, 3))[0])["message"]) and play.done
    play = Play(stdout=True)
    step = play.remote.from_node(b"\x80\x09" + b"\0" * 20)
    assert step.done and "broke the protocol" in str(told(play.heard(step.to_client)[0])["message"])


def test_pings_are_answered_on_both_sides():
    play = Play(stdout=True).accept()
    step = play.remote.from_client(websocket.frame(websocket.PING, b"p", mask=MASK))
    assert step.to_client == websocket.pong(b"p")
    step = play.remote.from_node(play.writer.write(spdy.Ping(2)) + play.writer.write(spdy.Ping(3)))
    assert play.node.feed(step.to_node) == [spdy.Ping(2)]


@pytest.mark.parametrize("raw", [b"", websocket.frame(websocket.CLOSE, b"", mask=MASK), b"\xff\xff", websocket.frame(websocket.BINARY, b"\xff\x09", mask=MASK)])  # fmt: skip
def test_ends_with_the_client(raw: bytes):
    assert Play(stdin=True, stdout=True).accept().remote.from_client(raw).done


@pytest.mark.parametrize(
    "raw, message",
    [
        (b'{"status":"Success"}', None),
        (b'{"status":"Failure","reason":"InternalError","message":"m"}', "Internal error occurred: m"),
        (b'{"status":"Failure","reason":"NonZeroExitCode"}', "Internal error occurred: error stream protocol error: no ExitCode cause given"),
        (b'{"status":"Maybe"}', "Internal error occurred: error stream protocol error: unknown error"),
        (b"[]", "Internal error occurred: error stream protocol error: unknown error"),
        (b"plain", "Internal error occurred: error stream protocol error: plain"),
    ],
)  # fmt: skip
def test_tells_how_the_command_ended(raw: bytes, message: str | None):
    status = verdict(raw)
    assert status.get("message") == message and status["status"] == ("Failure" if message else "Success")
