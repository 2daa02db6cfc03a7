"""Where a webhook is called: an HTTPS address or a service of the cluster, for admission and conversion alike."""

from typing import Any
from urllib.parse import urlsplit

from picok8s.api import names
from picok8s.api.errors import FieldError, invalid_value, required

Object = dict[str, Any]
Errors = list[FieldError]

FORM = "; desired format: https://host[/path]"


def default(config: Object) -> None:
    if config.get("service") is not None:
        config["service"].setdefault("port", 443)


def validate(config: Object, path: str) -> Errors:
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        return [required(path, "exactly one of url or service is required")]
    if url is not None:
        return _url(url, f"{path}.url")
    return _service(service or {}, f"{path}.service")


def _url(url: str, path: str) -> Errors:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        return [required(path, f'url must be a valid URL: parse "{url}": {error}{FORM}')]
    user, _, host = parts.netloc.rpartition("@")
    errors: Errors = []
    if parts.scheme != "https":
        errors.append(invalid_value(path, parts.scheme, f"'https' is the only allowed URL scheme{FORM}"))
    if not host:
        errors.append(invalid_value(path, host, f"host must be specified{FORM}"))
    if "@" in parts.netloc:
        errors.append(invalid_value(path, user, "user information is not permitted in the URL"))
    if parts.fragment:
        errors.append(invalid_value(path, parts.fragment, "fragments are not permitted in the URL"))
    if parts.query:
        errors.append(invalid_value(path, parts.query, "query parameters are not permitted in the URL"))
    return errors


def _service(service: Object, path: str) -> Errors:
    # Upstream hands name and namespace over in each other's place, which shows when only one is missing.
    errors = [
        required(f"{path}.{told}")
        for told, looked_at in (("name", "namespace"), ("namespace", "name"))
        if not service.get(looked_at)
    ]
    errors += port(service.get("port", 443), f"{path}.port")
    if "path" in service:
        errors += [invalid_value(f"{path}.path", service["path"], text) for text in _path_problems(service["path"])]
    return errors


def port(number: int, path: str) -> Errors:
    texts = names.port_number(number)
    return [invalid_value(path, number, f"port is not valid: {', '.join(texts)}")] if texts else []


def _path_problems(path: str) -> list[str]:
    if path in ("", "/"):
        return []
    if path == "//":
        return ["segment[0] may not be empty"]
    problems = [] if path.startswith("/") else ["must start with a '/'"]
    for index, step in enumerate(path[1:].removesuffix("/").split("/")):
        if not step:
            problems.append(f"segment[{index}] may not be empty")
        else:
            problems += [f"segment[{index}]: {text}" for text in names.dns_subdomain(step)]
    return problems
