"""LimitRanges."""

from tests.apiserver.kinds import play


def limit(**fields):
    return {"spec": {"limits": [{"type": "Container", **fields}]}}


def test_defaults_come_from_the_bounds():
    made, errors = play.create("limitranges", limit(max={"cpu": "2"}, min={"cpu": "1", "memory": "1Mi"}))
    assert errors == []
    assert made["spec"]["limits"][0]["default"] == {"cpu": "2"}
    assert made["spec"]["limits"][0]["defaultRequest"] == {"cpu": "2", "memory": "1Mi"}


def test_bounds_are_in_order():
    assert play.refused(
        "limitranges", limit(max={"cpu": "1"}, default={"cpu": "3"}, maxLimitRequestRatio={"cpu": "500m"})
    ) == [
        'spec.limits[0].defaultRequest[cpu]: Invalid value: "3": default request value 3 is greater than max value 1',
        'spec.limits[0].default[cpu]: Invalid value: "1": default value 3 is greater than max value 1',
        'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1',
    ]
    wide = limit(max={"cpu": "2"}, min={"cpu": "1"}, maxLimitRequestRatio={"cpu": "3"})
    assert play.refused("limitranges", wide) == [
        'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000'
    ]


def test_each_type_once_with_its_own_fields():
    limits = [{"type": "Pod", "default": {"cpu": "1"}}, {"type": "Pod"}, {"type": "PersistentVolumeClaim"}]
    assert play.refused("limitranges", {"spec": {"limits": limits}}) == [
        "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
        'spec.limits[1].type: Duplicate value: "Pod"',
        "spec.limits[2].limits: Required value: either minimum or maximum storage value is required, "
        "but neither was provided",
    ]
