"""Accept headers to forms."""

import pytest

from picok8s.api.errors import ApiError
from picok8s.apiserver import negotiate
from picok8s.apiserver.negotiate import JSON, PROTOBUF, Form

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Form()),
        ("text/html, */*", Form()),
        ("application/json;q=0.5,application/yaml", Form(negotiate.YAML)),
        (TABLE, Form(JSON, "Table")),
        (f"application/json;as=Table;v=v9;g=meta.k8s.io,{TABLE}", Form(JSON, "Table")),
        (f"{PROTOBUF},application/json", Form(PROTOBUF)),
    ],
)
def test_the_first_that_can_be_served_is(accept, form):
    assert negotiate.form(accept) == form


def test_json_takes_the_place_of_protobuf_that_has_no_words():
    assert negotiate.form(f"{PROTOBUF},application/json", protobuf=False) == Form()


@pytest.mark.parametrize(
    ("accept", "options", "words"),
    [
        ("text/html", {}, "406: Not Acceptable"),
        (
            "application/json;as=Chair;v=v1;g=meta.k8s.io",
            {},
            "only the following media types are accepted: application/json,",
        ),
        (TABLE, {"offer": negotiate.NOTHING}, "only the following media types"),
        ("application/yaml", {"watch": True}, "application/json;stream=watch"),
    ],
)
def test_refusals_say_what_there_is(accept, options, words):
    with pytest.raises(ApiError, match=words) as refused:
        negotiate.form(accept, **options)
    assert refused.value.code == 406
