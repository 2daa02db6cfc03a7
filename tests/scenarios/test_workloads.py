"""Workloads from their creation to their end, through API server, controllers and scheduler."""

import asyncio

from picok8s.api import objects
from tests.scenarios.world import World, play, template

WEB = {"matchLabels": {"app": "web"}}


def condition(obj, type):
    return objects.conditions(obj or {}).get(type, {}).get("status")


def test_a_deployment_rolls_out_and_back_and_goes():
    async def story(world: World) -> None:
        await world.node("n1")
        await world.make(
            "deployments.apps", "Deployment", "web", {"replicas": 3, "selector": WEB, "template": template()}, "apps/v1"
        )
        service = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]}
        await world.make("services", "Service", "web", service)
        await world.until(lambda: len(world.ready(app="web")) == 3)

        def addresses():
            slices = world.view.list("endpointslices.discovery.k8s.io", "default")
            ours = [one for one in slices if objects.labels(one).get("kubernetes.io/service-name") == "web"]
            return [e for one in ours for e in one.get("endpoints") or () if e["conditions"]["ready"]]

        await world.until(lambda: len(addresses()) == 3)
        patch = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "example.test/c:2"}]}}}}
        await world.calls.patch("deployments.apps", "web", patch, "default", kind="strategic")

        def rolled():
            found = world.ready(app="web")
            images = {pod["spec"]["containers"][0]["image"] for pod in found}
            deployment = world.view.get("deployments.apps", "web", "default")
            done = deployment["status"].get("updatedReplicas") == 3 == deployment["status"].get("replicas")
            return done and len(found) == 3 and images == {"example.test/c:2"}

        await world.until(rolled)
        sets = world.view.list("replicasets.apps", "default")
        revisions = sorted(objects.annotations(one)["deployment.kubernetes.io/revision"] for one in sets)
        assert revisions == ["1", "2"]
        await world.calls.delete("deployments.apps", "web", "default", {"propagationPolicy": "Foreground"})
        await world.until(lambda: not world.pods(app="web") and not world.view.list("replicasets.apps", "default"))
        await world.until(lambda: world.view.get("deployments.apps", "web", "default") is None)

    play(story)


def test_a_job_completes_and_another_fails():
    async def story(world: World) -> None:
        await world.node("n1")
        world.exits = {"good": 0, "bad": 1}
        good = {"completions": 3, "parallelism": 2, "template": template("good", restartPolicy="Never")}
        bad = {"backoffLimit": 0, "template": template("bad", restartPolicy="Never")}
        await world.make("jobs.batch", "Job", "good", good, "batch/v1")
        await world.make("jobs.batch", "Job", "bad", bad, "batch/v1")
        await world.until(lambda: condition(world.view.get("jobs.batch", "good", "default"), "Complete") == "True")
        await world.until(lambda: condition(world.view.get("jobs.batch", "bad", "default"), "Failed") == "True")
        assert world.view.get("jobs.batch", "good", "default")["status"]["succeeded"] == 3
        await world.until(lambda: not any(pod["metadata"].get("finalizers") for pod in world.pods()))

    play(story)


def test_a_daemonset_is_on_every_node_and_follows_its_template():
    async def story(world: World) -> None:
        await world.node("n1")
        await world.make("daemonsets.apps", "DaemonSet", "web", {"selector": WEB, "template": template()}, "apps/v1")
        await world.until(lambda: len(world.ready(app="web")) == 1)
        await world.node("n2")
        await world.until(lambda: len(world.ready(app="web")) == 2)
        patch = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "example.test/c:2"}]}}}}
        await world.calls.patch("daemonsets.apps", "web", patch, "default", kind="strategic")
        wanted = ["example.test/c:2"] * 2
        await world.until(lambda: [p["spec"]["containers"][0]["image"] for p in world.ready(app="web")] == wanted)

    play(story)


def test_a_statefulset_counts_up_and_down():
    async def story(world: World) -> None:
        await world.node("n1")
        spec = {"replicas": 3, "serviceName": "web", "selector": WEB, "template": template()}
        await world.make("statefulsets.apps", "StatefulSet", "web", spec, "apps/v1")
        await world.until(lambda: len(world.ready(app="web")) == 3)
        assert sorted(map(objects.name, world.pods(app="web"))) == ["web-0", "web-1", "web-2"]
        await world.calls.patch("statefulsets.apps", "web", {"spec": {"replicas": 1}}, "default")
        await world.until(lambda: list(map(objects.name, world.pods(app="web"))) == ["web-0"])
        patch = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "example.test/c:2"}]}}}}
        await world.calls.patch("statefulsets.apps", "web", patch, "default", kind="strategic")
        await world.until(
            lambda: [p["spec"]["containers"][0]["image"] for p in world.ready(app="web")] == ["example.test/c:2"]
        )

    play(story)


def test_a_namespace_goes_with_all_that_is_in_it():
    async def story(world: World) -> None:
        await world.node("n1")
        await world.calls.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        await world.until(lambda: world.view.get("serviceaccounts", "default", "shop"))
        await world.until(lambda: world.view.get("configmaps", "kube-root-ca.crt", "shop"))
        spec = template()["spec"]
        await world.make("pods", "Pod", "web", spec, namespace="shop")
        await world.calls.delete("namespaces", "shop")
        await world.until(lambda: world.view.get("namespaces", "shop") is None)
        assert not world.view.list("pods", "shop") and not world.view.list("configmaps", "shop")

    play(story)


def test_a_pod_of_higher_priority_takes_the_place():
    async def story(world: World) -> None:
        await world.node("n1", cpu="1")
        await world.calls.create(
            "priorityclasses.scheduling.k8s.io",
            {
                "apiVersion": "scheduling.k8s.io/v1",
                "kind": "PriorityClass",
                "metadata": {"name": "high"},
                "value": 1000,
            },
        )
        asked = {"resources": {"requests": {"cpu": "800m"}}}
        containers = [{"name": "c", "image": "example.test/c", **asked}]
        await world.make("pods", "Pod", "low", {"containers": containers})
        await world.until(lambda: world.ready())
        await world.make("pods", "Pod", "high", {"containers": containers, "priorityClassName": "high"})
        await world.until(lambda: list(map(objects.name, world.ready())) == ["high"])
        told = [e["message"] for e in world.view.list("events") if e["reason"] == "FailedScheduling"]
        assert told[0].startswith("0/1 nodes are available: 1 Insufficient cpu.")

    play(story)


def test_a_claim_finds_its_volume():
    async def story(world: World) -> None:
        volume = {"capacity": {"storage": "2Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/v"}}
        volume |= {"storageClassName": "manual"}
        metadata = {"name": "v"}
        await world.calls.create(
            "persistentvolumes", {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": volume}
        )
        claim = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "manual",
        }
        await world.make("persistentvolumeclaims", "PersistentVolumeClaim", "c", claim)
        phase = lambda r, n, ns="": ((world.view.get(r, n, ns) or {}).get("status") or {}).get("phase")  # noqa: E731
        await world.until(lambda: phase("persistentvolumeclaims", "c", "default") == "Bound")
        await world.until(lambda: phase("persistentvolumes", "v") == "Bound")
        await world.calls.delete("persistentvolumeclaims", "c", "default")
        await world.until(lambda: phase("persistentvolumes", "v") == "Released")

    play(story)


def test_a_quota_counts_what_comes_and_goes():
    async def story(world: World) -> None:
        await world.make("resourcequotas", "ResourceQuota", "few", {"hard": {"configmaps": "3", "pods": "2"}})

        async def used() -> dict[str, str]:
            found = await world.calls.get("resourcequotas", "few", "default")
            return (found.get("status") or {}).get("used") or {}

        async with asyncio.timeout(5):
            while await used() != {"configmaps": "1", "pods": "0"}:
                await asyncio.sleep(0)
            await world.calls.create(
                "configmaps",
                {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"}},
            )
            assert (await used())["configmaps"] == "2"
            await world.calls.delete("configmaps", "a", "default")
            while (await used())["configmaps"] != "1":
                await asyncio.sleep(0)

    play(story)


def test_endpoints_of_users_are_mirrored():
    async def story(world: World) -> None:
        await world.make("services", "Service", "far", {"ports": [{"port": 80}]})
        subsets = [{"addresses": [{"ip": "192.0.2.7"}], "ports": [{"port": 80}]}]
        metadata = {"name": "far", "namespace": "default"}
        await world.calls.create(
            "endpoints", {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": subsets}
        )

        def mirrored():
            slices = world.view.list("endpointslices.discovery.k8s.io", "default")
            ours = [one for one in slices if objects.labels(one).get("kubernetes.io/service-name") == "far"]
            return [e["addresses"] for one in ours for e in one.get("endpoints") or ()]

        await world.until(lambda: mirrored() == [["192.0.2.7"]])
        await world.calls.delete("endpoints", "far", "default")
        await world.until(lambda: not mirrored())

    play(story)
