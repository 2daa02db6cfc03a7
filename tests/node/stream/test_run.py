"""The hand-over of a request to the runtime."""

from picok8s.node.stream.run import head


def test_the_request_is_addressed_anew_and_loses_its_proof_of_identity():
    made = head(
        "POST",
        "http://127.0.0.1:1234/exec/x?a=b",
        [("Host", "n:10250"), ("Authorization", "t"), ("Upgrade", "SPDY/3.1")],
    )
    assert made == b"POST /exec/x?a=b HTTP/1.1\r\nHost: 127.0.0.1:1234\r\nUpgrade: SPDY/3.1\r\n\r\n"
