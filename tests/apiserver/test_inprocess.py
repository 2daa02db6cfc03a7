"""Calls from inside the server: what is refused is raised, as over HTTPS."""

import asyncio
from pathlib import Path

import pytest

from picok8s.api.errors import ApiError
from picok8s.apiserver.inprocess import InProcess
from picok8s.testing.serve import serving


def test_a_refusal_is_raised_and_not_returned(tmp_path: Path) -> None:
    async def story() -> None:
        async with serving(tmp_path) as place:
            calls = InProcess(place.server, "someone")
            secret = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "UPPER", "namespace": "default"}}
            with pytest.raises(ApiError) as refused:
                await calls.create("configmaps", secret)
            assert refused.value.code == 422
            with pytest.raises(ApiError, match="not found"):
                await calls.get("configmaps", "none", "default")

    asyncio.run(story())
