"""SPDY/3.1: frames there and back in any cut, the header dictionary, and bounds."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.wire import spdy
from picok8s.wire.spdy import (
    Data,
    Frame,
    GoAway,
    Headers,
    Ping,
    ProtocolError,
    Reader,
    RstStream,
    Settings,
    SynReply,
    SynStream,
    WindowUpdate,
    Writer,
)

words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20).map(str.lower)
headers = st.dictionaries(words, st.text(st.characters(max_codepoint=255), max_size=30), max_size=5)
ids, numbers = st.integers(1, 2**31 - 1), st.integers(0, 2**31 - 1)
frames = st.one_of(
    st.builds(SynStream, ids, headers, st.booleans(), st.booleans(), numbers, st.integers(0, 7)),
    st.builds(SynReply, ids, headers, st.booleans()),
    st.builds(Headers, ids, headers, st.booleans()),
    st.builds(RstStream, ids, numbers),
    st.builds(Settings, st.lists(st.tuples(st.integers(0, 255), st.integers(0, 2**24 - 1), numbers)).map(tuple)),
    st.builds(Ping, numbers),
    st.builds(GoAway, numbers, numbers),
    st.builds(WindowUpdate, ids, numbers),
    st.builds(Data, ids, st.binary(max_size=300), st.booleans()),
)


@given(st.lists(frames, max_size=8), st.integers(1, 50))
def test_frames_come_back_however_they_are_cut(sent: list[Frame], size: int):
    writer, reader = Writer(), Reader()
    raw = b"".join(writer.write(frame) for frame in sent)
    assert [f for at in range(0, len(raw), size) for f in reader.feed(raw[at : at + size])] == sent


@given(st.binary(max_size=300))
def test_any_bytes_are_frames_or_refused(data: bytes):
    try:
        Reader().feed(data)
    except ProtocolError:
        pass


@given(st.integers(0, 12), st.integers(0, 255), st.binary(max_size=60))
def test_any_control_frame_is_understood_or_refused(kind: int, flags: int, payload: bytes):
    try:
        Reader().feed(struct.pack(">HHI", 0x8003, kind, flags << 24 | len(payload)) + payload)
    except ProtocolError:
        pass


def test_the_dictionary_is_that_of_the_protocol():
    assert len(spdy.DICTIONARY) == 1423
    assert zlib.adler32(spdy.DICTIONARY) == 0xE3C6A7C2  # As zlib names it in every first header block.


def test_a_first_header_block_names_the_dictionary():
    raw = Writer().write(SynStream(1, {"streamtype": "error"}))
    assert raw[:4] == b"\x80\x03\x00\x01" and raw[18:20] == b"\x78\xbb" and raw[20:24] == b"\xe3\xc6\xa7\xc2"


def test_headers_are_compressed_with_those_before():
    writer = Writer()
    first, second = (writer.write(SynStream(i, {"streamtype": "stdout", "port": "8080"})) for i in (1, 3))
    assert len(second) < len(first)


def test_unknown_control_frames_are_passed_over():
    reader = Reader()
    unknown = struct.pack(">HHI", 0x8003, 11, 4) + b"abcd"
    assert reader.feed(unknown + Writer().write(Ping(1))) == [Ping(1)]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(struct.pack(">HHI", 0x8002, 6, 4), id="version-2"),
        pytest.param(struct.pack(">II", 1, (1 << 20) + 1), id="huge"),
        pytest.param(struct.pack(">HHI", 0x8003, 3, 3) + b"abc", id="short"),
        pytest.param(struct.pack(">HHI", 0x8003, 2, 8) + b"\0\0\0\1junk", id="not-compressed"),
    ],
)
def test_refuses(raw: bytes):
    with pytest.raises(ProtocolError):
        Reader().feed(raw + b"\0" * 8)


def test_headers_are_bounded_however_small_they_are_packed():
    raw = Writer().write(SynStream(1, {"a": "x" * spdy.HEADERS_MAX}))
    assert len(raw) < 1000
    with pytest.raises(ProtocolError):
        Reader().feed(raw)
