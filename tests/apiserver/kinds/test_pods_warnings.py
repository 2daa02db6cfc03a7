"""What is accepted and likely not meant."""

from picok8s.apiserver.kinds.pods_warnings import collisions, pod_warnings, spec_warnings, template_warnings

BASE = {"containers": [{"name": "c", "image": "x"}]}


def test_a_good_pod_gives_no_warning():
    assert pod_warnings({"metadata": {"name": "a"}, "spec": BASE}, None) == []


def test_old_things():
    spec = {**BASE, "nodeSelector": {"beta.kubernetes.io/os": "x"}, "volumes": [{"name": "v", "gitRepo": {}}]}
    assert template_warnings({"spec": spec}, "spec.template") == [
        "spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; "
        'use "kubernetes.io/os" instead',
        "spec.template.spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+",
    ]


def test_ports_and_variables_that_hide_each_other():
    port = {"containerPort": 80, "protocol": "TCP", "name": "http"}
    env = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}, {"name": "A", "value": "$(A):3"}]
    lines = spec_warnings({"containers": [{"name": "c", "ports": [port, dict(port)], "env": env}]}, {}, "")
    assert lines == [
        'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
        "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
        'spec.containers[0].ports[1]: duplicate port name "http" with spec.containers[0].ports[0], '
        "services and probes that select ports by name will use spec.containers[0].ports[0]",
    ]


def test_files_in_each_others_way():
    assert collisions([("a", ""), ("a/b", 'Secret "s"'), ("ab", "")]) == ['"a/b" (Secret "s") with "a"']


def test_half_a_byte():
    container = {"name": "c", "resources": {"limits": {"memory": "100m"}}}
    assert spec_warnings({"containers": [container]}, {}, "") == [
        'spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer'
    ]
