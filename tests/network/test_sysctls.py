"""Settings and what they were."""

from picok8s.network import sysctls


def test_only_what_was_off_is_remembered_and_its_first_value_stays():
    now = {sysctls.FORWARD[4]: "0", sysctls.ROUTE_LOCALNET: "1"}
    assert sysctls.changes(sysctls.wanted({4}), now.get, {}) == {sysctls.FORWARD[4]: "0"}
    assert sysctls.changes(sysctls.wanted({4}), now.get, {sysctls.ROUTE_LOCALNET: "0"}) == {
        sysctls.FORWARD[4]: "0",
        sysctls.ROUTE_LOCALNET: "0",
    }
