"""Schedules: what they allow, and how they are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.api.cron import duration, parse


def test_fields_become_sets():
    schedule = parse("0-30/15,45 */12 1 JAN mon-fri")
    assert (sorted(schedule.minute), sorted(schedule.hour)) == ([0, 15, 30, 45], [0, 12])
    assert (schedule.month, sorted(schedule.weekday)) == ({1}, [1, 2, 3, 4, 5])
    assert not schedule.any_day and not schedule.any_weekday


def test_words_and_periods():
    assert parse("@hourly").minute == {0}
    assert parse("@every 1h30m").every_seconds == 5400
    assert parse("TZ=Europe/Paris 0 0 * * ?").zone == "Europe/Paris"


@pytest.mark.parametrize(
    "text, words",
    [
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * * * mon-", 'failed to parse int from : strconv.Atoi: parsing "": invalid syntax'),
        ("@fortnightly", "unrecognized descriptor: @fortnightly"),
        ("0 0 * * 7", "end of range (7) above maximum (6): 7"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("0 0 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("@every x", 'failed to parse duration @every x: time: invalid duration "x"'),
    ],
)
def test_refusals(text, words):
    with pytest.raises(ValueError) as error:
        parse(text)
    assert str(error.value) == words


@given(st.lists(st.integers(0, 59), min_size=1), st.integers(1, 12))
def test_lists_of_numbers_are_taken_as_they_are(minutes, month):
    schedule = parse(f"{','.join(map(str, minutes))} * * {month} *")
    assert schedule.minute == set(minutes) and schedule.month == {month}


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused_by_words(text):
    try:
        parse(text)
    except ValueError as error:
        assert str(error)


@given(st.integers(0, 1000), st.integers(0, 59))
def test_durations_add_up(hours, minutes):
    assert duration(f"{hours}h{minutes}m") == hours * 3600 + minutes * 60
