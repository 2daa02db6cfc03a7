"""Endpoints."""

from tests.apiserver.kinds import play


def test_endpoints():
    good = {"subsets": [{"addresses": [{"ip": "10.1.0.1"}], "ports": [{"port": 80}]}]}
    made, errors = play.create("endpoints", good)
    assert errors == [] and made["subsets"][0]["ports"][0]["protocol"] == "TCP"
    assert play.refused("endpoints", {"subsets": [{}, {"addresses": [{"ip": "127.0.0.1", "hostname": "A"}]}]}) == [
        "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`",
        'subsets[1].addresses[0].hostname: Invalid value: "A": a lowercase RFC 1123 label must consist of lower case '
        "alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or "
        "'123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        'subsets[1].addresses[0].ip: Invalid value: "127.0.0.1": '
        "may not be in the loopback range (127.0.0.0/8, ::1/128)",
    ]


def test_what_has_not_changed_is_not_judged():
    old = {"metadata": {"name": "a"}, "subsets": [{}]}
    assert play.update("endpoints", old, {"metadata": {"labels": {"a": "b"}}})[1] == []
