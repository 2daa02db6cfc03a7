"""The status as it is sent."""

from picok8s.node.publishing import patched


def test_a_patch_replaces_addresses_and_drops_old_words():
    made = patched({"podIPs": [{"ip": "a"}], "conditions": [{"type": "Ready", "status": "True"}], "phase": "Running"})
    assert made["podIPs"] == [{"ip": "a"}, {"$patch": "replace"}]
    assert made["conditions"][0] == {"reason": None, "message": None, "type": "Ready", "status": "True"}
