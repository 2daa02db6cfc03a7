"""Jobs that have ended go after `spec.ttlSecondsAfterFinished`.

Reads   the Job.  Writes  its deletion, in the foreground.
"""

from typing import Any

from picok8s.api import moment, objects
from picok8s.reconcile.controller import Controller, View
from picok8s.reconcile.writes import Again, Delete, Writes

Object = dict[str, Any]


def reconcile(job: Object, view: View) -> Writes:
    seconds = job["spec"].get("ttlSecondsAfterFinished")
    if seconds is None or objects.is_being_deleted(job):
        return
    for word in ("Complete", "Failed"):
        condition = objects.conditions(job).get(word)
        if condition and condition["status"] == "True":
            at = moment.seconds(condition["lastTransitionTime"]) + seconds
            if at > view.now:
                yield Again(at - view.now)
            else:
                yield Delete(job, {"propagationPolicy": "Foreground"})
            return


CONTROLLER = Controller(name="ttl-after-finished-controller", resource="jobs.batch", reconcile=reconcile)
