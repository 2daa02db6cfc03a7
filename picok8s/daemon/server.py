"""The server process: API server, controllers and scheduler over one datastore, meeting at the API."""

import asyncio
import logging
import signal
import time

import uvloop

from picok8s import scheduler
from picok8s.apiserver import run as apiserver
from picok8s.apiserver.inprocess import InProcess
from picok8s.apiserver.server import Settings
from picok8s.client.view import View, follow
from picok8s.daemon import notify
from picok8s.daemon.config import Config
from picok8s.daemon.guard import guard
from picok8s.daemon.paths import Paths
from picok8s.store.sqlite import SqliteLog

log = logging.getLogger("picok8s.server")


def files(paths: Paths) -> apiserver.Files:
    keys = paths.keys
    return apiserver.Files(
        client_ca=keys / "ca.crt", cert=keys / "server.crt", key=keys / "server.key",
        account_key=keys / "service-account.key",
        node_cert=keys / "apiserver-client.crt", node_key=keys / "apiserver-client.key",
    )
