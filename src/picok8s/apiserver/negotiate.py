"""Which form an answer takes: JSON, YAML or protobuf; the object itself, a table or its metadata only; a plain or a watch frame."""

from dataclasses import dataclass

from picok8s.api.errors import ApiError

JSON, YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
SERVED = {JSON: JSON, YAML: YAML, "text/yaml": YAML, "application/x-yaml": YAML, PROTOBUF: PROTOBUF}
PARTIAL = ("Table", "PartialObjectMetadata", "PartialObjectMetadataList")
# What a path can turn its answer into: (kind, group, version) of an Accept clause's as, g and v.
Offer = frozenset[tuple[str, str, str]]
OBJECTS: Offer = frozenset((kind, "meta.k8s.io", version) for kind in PARTIAL for version in ("v1", "v1beta1"))
DISCOVERY: Offer = frozenset({("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2")})
NOTHING: Offer = frozenset()
AVAILABLE = (
    "application/json, application/yaml, application/vnd.kubernetes.protobuf, "
    "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"
)


@dataclass(frozen=True, slots=True)
class Form:
    media: str = JSON
    kind: str = ""  # "", or a kind of an Offer.
    version: str = "v1"  # Of that kind.


PLAIN = Form()


def not_acceptable() -> ApiError:
    """No media type of the Accept header is one of ours."""
    return ApiError("NotAcceptable", f"406: Not Acceptable\n\nAvailable representations: {AVAILABLE}", {})


def not_offered(watch: bool = False) -> ApiError:
    """A media type is ours, but not as what it is wanted."""
    media = ", ".join((f"{JSON};stream=watch", f"{PROTOBUF};stream=watch") if watch else (JSON, YAML, PROTOBUF))
    return ApiError("NotAcceptable", f"only the following media types are accepted: {media}")


_known: dict[tuple[str, bool, Offer, bool], Form] = {}
_KNOWN_MAX = 256


def form(accept: str, watch: bool = False, offer: Offer = OBJECTS, protobuf: bool = True) -> Form:
    """The first clause of an Accept header that can be served, by its weight. Raises ApiError 406."""
    asked = (accept, watch, offer, protobuf)
    found = _known.get(asked)
    if found is None:
        found = _choose(accept, watch, offer, protobuf)
        if len(_known) < _KNOWN_MAX:
            _known[asked] = found
    return found


def _choose(accept: str, watch: bool, offer: Offer, protobuf: bool) -> Form:
    if not accept.strip():
        return PLAIN
    ours = False
    for media, params in clauses(accept):
        served = JSON if media == "*/*" else SERVED.get(media)
        if served is None:
            continue
        ours = True
        if (served == YAML and watch) or (served == PROTOBUF and not protobuf):
            continue
        if not (kind := params.get("as", "")):
            return Form(served)
        if (kind, params.get("g", ""), params.get("v", "")) in offer:
            return Form(served, kind, params["v"])
    raise not_offered(watch) if ours else not_acceptable()


def clauses(accept: str) -> list[tuple[str, dict[str, str]]]:
    """(media type, parameters) of an Accept header, by weight and then in their order."""
    found = []
    for order, clause in enumerate(accept.replace("\x00", ",").split(",")):
        media, *rest = [part.strip() for part in clause.split(";")]
        params = dict(part.split("=", 1) for part in rest if "=" in part)
        try:
            weight = float(params.pop("q", "1"))
        except ValueError:
            weight = 1.0
        found.append((-weight, order, media.lower(), params))
    return [(media, params) for _, _, media, params in sorted(found, key=lambda clause: clause[:2])]
