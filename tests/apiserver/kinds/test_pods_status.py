"""What may be reported of a pod."""

from tests.apiserver.kinds import play


def made(**spec):
    return play.create("pods", {"spec": {"containers": [{"name": "c", "image": "x"}], **spec}})[0]


def ended(code):
    return {"containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": code}}}]}


RUNNING = {"containerStatuses": [{"name": "c", "state": {"running": {}}}]}


def test_only_the_status_changes():
    new, errors = play.status("pods", made(), {"phase": "Running"})
    assert errors == [] and new["status"] == {"phase": "Running", "qosClass": "BestEffort"}
    assert play.status("pods", made(), {"qosClass": "Guaranteed"})[1] == [
        'status.qosClass: Invalid value: "Guaranteed": field is immutable'
    ]


def test_what_has_ended_stays_so():
    for policy, code, goes_on in (
        ("Always", 0, True),
        ("OnFailure", 0, False),
        ("OnFailure", 1, True),
        ("Never", 1, False),
    ):
        before = play.status("pods", made(restartPolicy=policy), ended(code))[0]
        errors = play.status("pods", before, RUNNING)[1]
        assert (errors == []) == goes_on, (policy, code)


def test_addresses():
    assert play.status("pods", made(), {"podIPs": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]})[1] == [
        'status.podIPs: Invalid value: [{"IP":"10.0.0.1"},{"IP":"10.0.0.2"}]: '
        "may specify no more than one IP for each IP family"
    ]
    assert play.status("pods", made(), {"hostIP": "1.2.3.4", "hostIPs": [{"ip": "1.2.3.5"}]})[1] == [
        'status.hostIPs[0].ip: Invalid value: "1.2.3.5": must be equal to `hostIP`'
    ]
