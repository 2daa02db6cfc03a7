"""What becomes of the bytes of a relayed connection: passed on, unwrapped, or put in messages."""

from hypothesis import given
from hypothesis import strategies as st

from picok8s.apiserver.relay.exchange import Output, Step, Through, Tunnel
from picok8s.wire import websocket

MASK = b"mask"


def sent(opcode: int, data: bytes = b"") -> bytes:
    return websocket.frame(opcode, data, mask=MASK)


def test_through_changes_nothing():
    assert Through().from_client(b"abc") == Step(to_node=b"abc")
    assert Through().from_node(b"abc") == Step(to_client=b"abc")
    assert Through().from_client(b"").done and Through().from_node(b"").done


@given(st.lists(st.binary(min_size=1, max_size=99), max_size=6))
def test_a_tunnel_unwraps_and_wraps(pieces: list[bytes]):
    tunnel, client = Tunnel(), websocket.Reader(masked=False)
    raw = b"".join(sent(websocket.BINARY, piece) for piece in pieces)
    assert tunnel.from_client(raw + sent(websocket.PING)).to_node == b"".join(pieces)
    back = b"".join(tunnel.from_node(piece).to_client for piece in pieces)
    assert client.feed(back) == [websocket.Message(piece) for piece in pieces]


def test_a_tunnel_answers_pings_and_takes_no_text():
    tunnel = Tunnel()
    assert tunnel.from_client(sent(websocket.PING, b"p")).to_client == websocket.pong(b"p")
    step = tunnel.from_client(sent(websocket.BINARY, b"x") + sent(websocket.TEXT, b"y"))
    assert step.done and step.to_node == b"x" and step.to_client.startswith(b"\x88")


def test_a_tunnel_ends_with_either_side():
    assert Tunnel().from_node(b"") == Step(websocket.close(), done=True)
    assert Tunnel().from_client(sent(websocket.BINARY, b"x") + sent(websocket.CLOSE)) == Step(
        websocket.close(), b"x", done=True
    )


def test_output_is_messages_until_it_ends_or_the_client_goes():
    output = Output("binary.k8s.io")
    assert output.from_node(b"line\n") == Step(websocket.message(b"line\n"))
    assert output.from_client(sent(websocket.BINARY, b"ignored")) == Step()
    assert output.from_client(sent(websocket.CLOSE)).done
    assert output.from_node(b"") == Step(websocket.close(), done=True)
    assert Output("", text=True).from_node(b"{}\n") == Step(websocket.message(b"{}\n", text=True))
    assert Output("").from_client(b"not masked").done
