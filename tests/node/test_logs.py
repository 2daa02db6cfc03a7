"""Container logs: lines, filters, tails, rotation."""

import os

from hypothesis import given
from hypothesis import strategies as st

from picok8s.node import logs
from picok8s.node.logs import Filter, Options

LINE = b"2026-01-01T00:00:01.5Z stdout F hello world"


def test_a_line_has_four_parts():
    assert logs.parsed(LINE) == ("2026-01-01T00:00:01.5Z", "stdout", False, b"hello world")
    assert logs.parsed(b"2026-01-01T00:00:01Z stderr P par")[2] is True
    assert logs.parsed(b"2026-01-01T00:00:01Z stdout F ")[3] == b""
    assert logs.parsed(b"garbage") is None


def test_parts_of_a_line_are_joined():
    only = Filter(Options(timestamps=True))
    first = only.feed(b"2026-01-01T00:00:01Z stdout P a")
    assert first + only.feed(b"2026-01-01T00:00:02Z stdout F b") == b"2026-01-01T00:00:01Z ab\n"


def test_streams_and_times_are_filtered():
    assert Filter(Options(stream="Stderr")).feed(LINE) == b""
    assert Filter(Options(since=4e9)).feed(LINE) == b""
    assert Filter(Options(since=0.0)).feed(LINE) == b"hello world\n"


def test_no_more_bytes_than_asked_for():
    only = Filter(Options(limit=8))
    assert only.feed(LINE) == b"hello wo" and only.full


@given(st.lists(st.integers(0, 200_000), max_size=6), st.integers(0, 8))
def test_the_tail_begins_at_the_right_line(tmp_path_factory, sizes, wanted):
    path = tmp_path_factory.mktemp("logs") / "0.log"
    lines = [bytes([65 + index]) * size + b"\n" for index, size in enumerate(sizes)]
    path.write_bytes(b"".join(lines))
    rest = path.read_bytes()[logs.tail_offset(str(path), wanted) :]
    assert rest == b"".join(lines[max(0, len(lines) - wanted) :] if wanted else [])


def test_a_termination_message_from_the_log(tmp_path):
    path = tmp_path / "0.log"
    path.write_bytes(b"2026-01-01T00:00:01Z stdout F one\n2026-01-01T00:00:01Z stderr F two\n")
    assert logs.tail_text(str(path), 1, 100) == "two\n"
    assert logs.tail_text(str(path), 80, 4) == "two\n"


def test_rotation_keeps_five_files_and_packs_the_old(tmp_path):
    path = tmp_path / "0.log"
    for stamp in range(8):
        path.write_text(f"{stamp}\n")
        logs.rotate(str(path), f"20{stamp:02d}")
    path.write_text("now\n")
    found = sorted(os.listdir(tmp_path))
    assert len(found) == logs.FILES_MAX and found[-1] == "0.log.2007" and found[1].endswith(".gz")
    logs.remove(str(path))
    assert not os.listdir(tmp_path)
