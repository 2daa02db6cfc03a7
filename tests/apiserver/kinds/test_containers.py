"""Containers of the three kinds."""

from picok8s.apiserver.kinds.containers import (
    Around,
    validate_containers,
    validate_ephemeral_containers,
    validate_init_containers,
)
from picok8s.apiserver.kinds.pods_defaults import default_container


def made(**fields):
    container = {"name": "c", "image": "x:1", **fields}
    default_container(container)
    return container


def told(errors):
    return [str(error) for error in errors]


def test_a_good_container():
    assert validate_containers([made()], "c", Around()) == []


def test_names_may_not_repeat():
    assert told(validate_containers([made(), made()], "c", Around())) == ['c[1].name: Duplicate value: "c"']


def test_ports():
    ports = [{"containerPort": 80, "hostPort": 80}, {"containerPort": 81, "hostPort": 80}, {"name": "123"}]
    assert told(validate_containers([made(ports=ports)], "c", Around())) == [
        'c[0].ports[2].name: Invalid value: "123": must contain at least one letter (a-z)',
        "c[0].ports[2].containerPort: Required value",
        'c[0].ports[1].hostPort: Duplicate value: "TCP//80"',
    ]


def test_only_sidecars_have_probes_among_init_containers():
    probe = {"exec": {"command": ["true"]}}
    plain, sidecar = made(livenessProbe=probe), made(name="s", livenessProbe=dict(probe), restartPolicy="Always")
    assert told(validate_init_containers([plain, sidecar], [made(name="m")], "i", Around())) == [
        "i[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"
    ]


def test_restart_rules_need_a_policy():
    rules = [{"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}]
    assert told(validate_containers([made(restartPolicyRules=rules)], "c", Around())) == [
        "c[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used"
    ]
    assert validate_containers([made(restartPolicyRules=rules, restartPolicy="Never")], "c", Around()) == []


def test_ephemeral_containers_are_for_looking_only():
    container = made(name="e", ports=[{"containerPort": 1}], lifecycle={}, targetContainerName="none")
    assert told(validate_ephemeral_containers([container], [made()], "e", Around())) == [
        'e[0].targetContainerName: Not found: "none"',
        "e[0].ports: Forbidden: cannot be set for an Ephemeral Container",
        "e[0].lifecycle: Forbidden: cannot be set for an Ephemeral Container",
    ]
