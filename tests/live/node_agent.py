"""Runs one node agent for the live tests; its argument is a JSON file of {"server", "keys", "config"}."""

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any

from picok8s.client.https import Https
from picok8s.node.run import NodeConfig, run


async def main(told: dict[str, Any]) -> None:
    keys = Path(told["keys"])
    calls = Https(told["server"], keys / "ca.crt", keys / "admin.crt", keys / "admin.key")
    config = {key: tuple(value) if isinstance(value, list) else value for key, value in told["config"].items()}
    await run(NodeConfig(**config), calls, lambda: print("registered", flush=True))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())))
