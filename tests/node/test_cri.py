"""CRI messages made of data."""

from picok8s.node import cri


def test_messages_are_made_of_nested_dicts():
    request = cri.message("runtime.v1.RunPodSandboxRequest")
    made = request(
        config={"metadata": {"name": "a", "attempt": 1}, "labels": {"k": "v"}, "linux": {"sysctls": {"s": "1"}}}
    )
    again = request.FromString(made.SerializeToString())
    assert again.config.metadata.name == "a" and again.config.labels["k"] == "v" and again == made


def test_field_numbers_are_the_wire_s():
    made = cri.message("runtime.v1.StopContainerRequest")(container_id="x", timeout=3)
    assert made.SerializeToString() == b"\x0a\x01x\x10\x03"


def test_enums_are_written_by_name():
    made = cri.message("runtime.v1.NamespaceOption")(network="NODE")
    assert made.network == 2


def test_events_of_containerd_have_their_messages():
    envelope = cri.message("containerd.services.events.v1.Envelope")()
    envelope.event.type_url = "containerd.events.TaskExit"
    assert cri.message("containerd.events.TaskExit").FromString(envelope.event.value).exit_status == 0
