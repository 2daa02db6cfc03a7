"""The Service that tells everyone where DNS is. No selector: each node answers its address itself."""

from picok8s.api.objects import Object

NAME, NAMESPACE = "kube-dns", "kube-system"


def service(address: str) -> Object:
    labels = {"k8s-app": NAME, "kubernetes.io/cluster-service": "true"}
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53},
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": labels},
        "spec": {"type": "ClusterIP", "clusterIP": address, "clusterIPs": [address], "ports": ports},
    }
