"""Addresses and node ports of services: chosen and checked against what all other services have, when a service is written."""

from typing import Any

from picok8s.apiserver import allocate
from picok8s.apiserver.messages import Call
from picok8s.apiserver.server import Server

Object = dict[str, Any]
