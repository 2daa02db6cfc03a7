"""Who may use the node's API."""

from picok8s.node.access import Access, User


def subject(name: str, *groups: str) -> dict:
    rows = [(("organizationName", group),) for group in groups]
    return {"subject": (*rows, (("commonName", name),))}


ACCESS = Access(None, "node", ("picok8s-apiserver",))  # type: ignore[arg-type]


def test_users_are_read_from_certificates():
    assert ACCESS.of_certificate(subject("a", "g", "h")) == User("a", ("g", "h"))
    assert ACCESS.of_certificate(None) is None and ACCESS.of_certificate({"subject": ()}) is None
