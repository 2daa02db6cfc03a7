"""What a PATCH request asks: reads it once, and gives the object that it makes of another, decoded and defaulted again."""

from dataclasses import dataclass
from typing import Any

import orjson

from picok8s.api import apply, decode, errors, moment, objects, patch, schema
from picok8s.api import body as parser
from picok8s.api.errors import ApiError
from picok8s.api.resource import Resource
from picok8s.apiserver import body, respond
from picok8s.apiserver.messages import Call
from picok8s.apiserver.server import Server

Object = dict[str, Any]

KINDS = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    "application/apply-patch+yaml": "apply",
}
