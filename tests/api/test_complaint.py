"""Complaints: where base64 ends to be base64, how the beginning of a body is shown."""

import pytest

from picok8s.api import complaint


@pytest.mark.parametrize(
    "text, byte",
    [("YWI", 0), ("YWJj%", 4), ("YWJjZA==YQ", 8), ("YW=j", 2), ("Y", 0), ("====", 0), ("YWJjYW= ", 6), ("YWJjY===", 5)],
)
def test_go_names_the_first_byte_that_is_no_base64(text, byte):
    with pytest.raises(ValueError, match=f"illegal base64 data at input byte {byte}"):
        complaint.check_base64(text)


@pytest.mark.parametrize(
    "data, shown",
    [
        (b"", "<empty>"),
        (b" ", "20"),
        (b"just text", "6a7573742074657874"),
        (b'{"apiVersion": "v1", "kind": 5}', '{"apiVersion": "v1", "kind": 5 ...'),
    ],
)
def test_the_beginning_of_a_body_that_says_not_what_it_is(data, shown):
    error = complaint.unrecognized("ConfigMap", "why", data)
    assert error.message == f"the object provided is unrecognized (must be of type ConfigMap): why ({shown})"
