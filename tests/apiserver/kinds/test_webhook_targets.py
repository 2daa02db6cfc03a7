"""Where webhooks are called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.apiserver.kinds import webhook_targets

FORM = "; desired format: https://host[/path]"


@pytest.mark.parametrize(
    "config, errors",
    [
        ({}, ["c: Required value: exactly one of url or service is required"]),
        ({"url": "https://example.com/x"}, []),
        (
            {"url": "http://example.com"},
            [f"c.url: Invalid value: \"http\": 'https' is the only allowed URL scheme{FORM}"],
        ),
        ({"url": "https:///x"}, [f'c.url: Invalid value: "": host must be specified{FORM}']),
        (
            {"service": {"namespace": "n", "name": "s", "port": 443, "path": "/a//b"}},
            ['c.service.path: Invalid value: "/a//b": segment[1] may not be empty'],
        ),
        (
            {"service": {"namespace": "n", "name": "s", "port": 0}},
            ["c.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive"],
        ),
    ],
)
def test_targets(config, errors):
    assert [str(error) for error in webhook_targets.validate(config, "c")] == errors


@given(st.text(max_size=30))
def test_any_address_is_answered(url):
    webhook_targets.validate({"url": url}, "c")
