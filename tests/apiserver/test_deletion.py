"""How objects end, decided without a server."""

from picok8s.apiserver import deletion
from picok8s.apiserver.deletion import Options

NOW = 1_700_000_000.0


def pod(**metadata: object) -> dict:
    about = {"name": "a", "generation": 1, **metadata}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": {"nodeName": "n", "containers": []}}


def test_a_running_pod_gets_its_grace_and_a_generation():
    ending = deletion.begin(pod(), Options(), NOW)
    assert ending["metadata"]["deletionGracePeriodSeconds"] == 30 and ending["metadata"]["generation"] == 2
    assert ending["metadata"]["deletionTimestamp"] == "2023-11-14T22:13:50Z"


def test_grace_only_gets_shorter_and_is_counted_from_the_beginning():
    ending = deletion.begin(pod(), Options(), NOW)
    assert deletion.begin(ending, Options(grace=60), NOW + 5) is ending
    sooner = deletion.begin(ending, Options(grace=10), NOW + 5)
    assert sooner["metadata"]["deletionTimestamp"] == "2023-11-14T22:13:30Z"
    late = deletion.begin(ending, Options(grace=10), NOW + 25)
    assert late["metadata"]["deletionGracePeriodSeconds"] == 1


def test_a_pod_without_grace_is_seen_once_more():
    assert deletion.begin(pod(), Options(grace=0), NOW) is None
    last = deletion.last(pod(), NOW)
    assert last["metadata"]["generation"] == 2 and last["metadata"]["deletionGracePeriodSeconds"] == 0
    assert deletion.last(last, NOW) is last


def test_a_namespace_has_no_grace_to_show():
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}, "spec": {"finalizers": ["kubernetes"]}}
    ending = deletion.begin(space, Options(), NOW)
    assert ending["status"]["phase"] == "Terminating" and "deletionGracePeriodSeconds" not in ending["metadata"]


def test_what_old_kinds_own_stays_unless_someone_says_else():
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"}}
    assert deletion.finalizers(job, Options()) == ["orphan"]
    assert deletion.finalizers(job, Options(policy="Background")) == []
    assert deletion.finalizers({**job, "kind": "CronJob"}, Options()) == []
