"""The container runtime as calls: CRI messages made at run time from data, and a thin gRPC client.

`data/wire.json` holds the field numbers of every message; `message` makes protobuf classes of them, so that no
generated code is carried. A request is written as keyword arguments (nested dicts), an answer is a protobuf message.
"""

from collections.abc import AsyncIterator
from functools import cache
from importlib import resources as files
from typing import Any

import grpc
import grpc.aio
import orjson
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2

Field = descriptor_pb2.FieldDescriptorProto

SECTIONS = ("cri", "containerd-events", "containerd-task-events")
SCALARS = {
    "double": Field.TYPE_DOUBLE,
    "int64": Field.TYPE_INT64,
    "uint64": Field.TYPE_UINT64,
    "int32": Field.TYPE_INT32,
    "uint32": Field.TYPE_UINT32,
    "bool": Field.TYPE_BOOL,
    "string": Field.TYPE_STRING,
    "bytes": Field.TYPE_BYTES,
}
MESSAGE_BYTES_MAX = 16 << 20  # What containerd and the kubelet allow each other.
CALL_SECONDS = 120.0
LONG_CALLS = {
    "PullImage": None,
    "StopContainer": None,
    "ExecSync": None,
    "RunPodSandbox": 240.0,
}  # None: the caller's time


class RuntimeFailure(Exception):
    """The runtime refused or could not be reached. `code` is gRPC's word for it: "NOT_FOUND", "UNAVAILABLE" ..."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Cri:
    """Calls to one runtime. `call("RunPodSandbox", config={...})` answers the response message."""

    def __init__(self, socket_path: str) -> None:
        options = [
            ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
            ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
            ("grpc.enable_http_proxy", 0),
            ("grpc.min_reconnect_backoff_ms", 100),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 2000),
        ]
        self._channel = grpc.aio.insecure_channel(f"unix://{socket_path}", options=options)
        self._methods: dict[str, Any] = {}

    async def call(self, method: str, within: float | None = None, **request: Any) -> Any:
        """One call. `within` so many seconds; without it each method has its own bound."""
        bound, request_type = self._unary(method)
        if within is None:
            within = LONG_CALLS.get(method, CALL_SECONDS)
        try:
            return await bound(request_type(**request), timeout=within)
        except grpc.aio.AioRpcError as error:
            raise RuntimeFailure(error.code().name, error.details() or error.code().name) from None

    async def stream(self, method: str, **request: Any) -> AsyncIterator[Any]:
        """Messages of a streaming method, until the runtime ends it."""
        path, request_type, response_type = _method(method)
        bound = self._channel.unary_stream(
            path, request_serializer=request_type.SerializeToString, response_deserializer=response_type.FromString
        )
        try:
            async for message in bound(request_type(**request)):
                yield message
        except grpc.aio.AioRpcError as error:
            raise RuntimeFailure(error.code().name, error.details() or error.code().name) from None

    async def close(self) -> None:
        await self._channel.close()

    def _unary(self, method: str) -> tuple[Any, Any]:
        if method not in self._methods:
            path, request_type, response_type = _method(method)
            bound = self._channel.unary_unary(
                path, request_serializer=request_type.SerializeToString, response_deserializer=response_type.FromString
            )
            self._methods[method] = (bound, request_type)
        return self._methods[method]


def message(name: str) -> Any:
    """The class of a message by its full name, as "runtime.v1.PodSandboxConfig"."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(name))


@cache
def _wire() -> dict[str, Any]:
    data = orjson.loads(files.files("picok8s.node").joinpath("data/wire.json").read_bytes())
    return {section: data[section] for section in SECTIONS}


@cache
def _methods() -> dict[str, tuple[str, str, str]]:
    """Method -> (path, request type, response type). Names are unique over the services that we call."""
    found = {}
    for section in _wire().values():
        for service, methods in section["services"].items():
            for method, (request, response) in methods.items():
                path = f"/{section['package']}.{service}/{method}"
                found[method] = (path, request, _qualified(response.removeprefix("stream "), section["package"]))
    return found


def _method(method: str) -> tuple[str, Any, Any]:
    path, request, response = _methods()[method]
    return path, message(request), message(response)


def _qualified(name: str, package: str) -> str:
    return name if "." in name else f"{package}.{name}"


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    """All messages of SECTIONS. Containerd's events come in two packages that do not refer to each other."""
    pool = descriptor_pool.DescriptorPool()
    for well_known in (any_pb2, timestamp_pb2):
        pool.AddSerializedFile(well_known.DESCRIPTOR.serialized_pb)
    for name, section in _wire().items():
        pool.Add(_file(name, section))
    return pool


def _file(name: str, section: dict[str, Any]) -> descriptor_pb2.FileDescriptorProto:
    """One proto file. "A.B" is B nested in A; a parent that has no fields of its own is made empty."""
    package = section["package"]
    made = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package=package, syntax="proto3")
    made.dependency.extend(["google/protobuf/any.proto", "google/protobuf/timestamp.proto"])
    nodes: dict[str, descriptor_pb2.DescriptorProto] = {}

    def node(path: str) -> descriptor_pb2.DescriptorProto:
        if path not in nodes:
            parent, _, last = path.rpartition(".")
            nodes[path] = (node(parent).nested_type if parent else made.message_type).add(name=last)
        return nodes[path]

    enums = {f"{package}.{enum}" for enum in section["enums"]}
    for path, fields in section["messages"].items():
        target = node(path)
        for field, (number, form) in fields.items():
            _add_field(target, f"{package}.{path}", (field, number, form), enums)
    for path, values in section["enums"].items():
        parent, _, last = path.rpartition(".")
        enum = (node(parent).enum_type if parent else made.enum_type).add(name=last)
        for label, number in sorted(values.items(), key=lambda pair: pair[1]):
            enum.value.add(name=label, number=number)
    return made


def _add_field(target: descriptor_pb2.DescriptorProto, owner: str, row: tuple[str, int, str], enums: set[str]) -> None:
    name, number, form = row
    field = target.field.add(name=name, number=number, label=Field.LABEL_OPTIONAL)
    if form.startswith("map["):
        key, _, value = form[4:].partition("]")
        entry = "".join(part[:1].upper() + part[1:] for part in name.split("_")) + "Entry"
        pair = target.nested_type.add(name=entry)
        pair.options.map_entry = True
        for index, (part, kind) in enumerate((("key", key), ("value", value)), start=1):
            _set_type(pair.field.add(name=part, number=index, label=Field.LABEL_OPTIONAL), kind, enums)
        field.label = Field.LABEL_REPEATED
        field.type = Field.TYPE_MESSAGE
        field.type_name = f".{owner}.{entry}"
        return
    if form.startswith("[]"):
        field.label = Field.LABEL_REPEATED
        form = form[2:]
    _set_type(field, form, enums)


def _set_type(field: Field, form: str, enums: set[str]) -> None:
    if form in SCALARS:
        field.type = SCALARS[form]
    else:
        field.type = Field.TYPE_ENUM if form in enums else Field.TYPE_MESSAGE
        field.type_name = f".{form}"
