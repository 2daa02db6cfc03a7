"""Which form an answer takes: JSON, YAML or protobuf; the object itself, a table or its metadata only; a plain or a watch frame."""

from dataclasses import dataclass

from picok8s.api.errors import ApiError

JSON, YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
SERVED = {JSON: JSON, YAML: YAML, "text/yaml": YAML, "application/x-yaml": YAML, PROTOBUF: PROTOBUF}
PARTIAL = ("Table", "PartialObjectMetadata", "PartialObjectMetadataList")
META_VERSIONS = ("v1", "v1beta1")
AVAILABLE = (
    "application/json, application/yaml, application/vnd.kubernetes.protobuf, "
    "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"
)


@dataclass(frozen=True, slots=True)
class Form:
    media: str = JSON
    kind: str = ""  # "", "Table", "PartialObjectMetadata", "PartialObjectMetadataList"
    version: str = "v1"  # Of meta.k8s.io, for the kinds above.
    params: tuple[tuple[str, str], ...] = ()


PLAIN = Form()


def not_acceptable() -> ApiError:
    return ApiError("NotAcceptable", f"406: Not Acceptable\n\nAvailable representations: {AVAILABLE}", {})


_known: dict[tuple[str, bool], Form] = {}
_KNOWN_MAX = 256


def form(accept: str, watch: bool = False) -> Form:
    """The first clause of an Accept header that can be served, by its weight. Raises ApiError 406."""
    found = _known.get((accept, watch))
    if found is None:
        found = _choose(accept, watch)
        if len(_known) < _KNOWN_MAX:
            _known[(accept, watch)] = found
    return found


def _choose(accept: str, watch: bool) -> Form:
    if not accept.strip():
        return PLAIN
    clauses = []
    for order, clause in enumerate(accept.replace("\x00", ",").split(",")):
        media, *rest = [part.strip() for part in clause.split(";")]
        params = dict(part.split("=", 1) for part in rest if "=" in part)
        try:
            weight = float(params.pop("q", "1"))
        except ValueError:
            weight = 1.0
        clauses.append((-weight, order, media.lower(), params))
    for _, _, media, params in sorted(clauses, key=lambda clause: clause[:2]):
        served = JSON if media == "*/*" else SERVED.get(media)
        if served is None or (watch and served == YAML):
            continue
        kind = params.get("as", "")
        if not kind:
            return Form(served, params=tuple(sorted(params.items())))
        if kind in PARTIAL and params.get("g") == "meta.k8s.io" and params.get("v") in META_VERSIONS:
            return Form(served, kind, params["v"])
        if params.get("g") == "apidiscovery.k8s.io":
            return Form(served, kind, params.get("v", ""), tuple(sorted(params.items())))
    raise not_acceptable()
