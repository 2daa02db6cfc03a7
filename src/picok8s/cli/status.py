"""Say whether the node is ready, and what runs."""

import argparse
import json
from typing import Any

import yaml

from picok8s.cli import cluster, control
from picok8s.daemon.paths import Paths

FORMATS = ("pretty", "short", "yaml", "json")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=FORMATS, default="pretty")
    parser.add_argument("--wait-ready", "-w", action="store_true", help="wait until everything is ready")
    parser.add_argument("--timeout", "-t", type=float, default=0, metavar="SECONDS", help="of the wait; 0: for ever")


def run(args: argparse.Namespace) -> int:
    paths = Paths(args.root)
    if args.wait_ready:
        control.must_run(paths)
        control.until(paths, args.timeout or None, control.all_ready, lambda state: None)
    found = observe(paths)
    print(shown(found, args.format))
    return 0 if found["ready"] else 1


def observe(paths: Paths) -> dict[str, Any]:
    """What `status` says, as data."""
    state = control.now(paths) if control.is_running(paths) else None
    components = state["components"] if state else {}
    ready = bool(components) and all(part["state"] == "ready" for part in components.values())
    nodes, version = cluster.nodes(paths) if components.get("server", {}).get("state") == "ready" else ([], "")
    return {
        "running": state is not None,
        "ready": ready and any(node["ready"] for node in nodes),
        "version": version,
        "nodes": nodes,
        "components": {name: part["state"] for name, part in components.items()},
        "highAvailability": {"enabled": False, "datastore": "sqlite"},
    }


def shown(found: dict[str, Any], how: str) -> str:
    if how == "json":
        return json.dumps(found, indent=2)
    if how == "yaml":
        return yaml.dump(found, sort_keys=False).rstrip()
    word = "ready" if found["ready"] else "not ready" if found["running"] else "not running"
    if how == "short":
        return "\n".join([f"picok8s: {word}", *(f"{name}: {state}" for name, state in found["components"].items())])
    lines = [f"picok8s is {word}"]
    if not found["running"]:
        return lines[0] + "\n`sudo picok8s start` starts it"
    if found["version"]:
        lines.append(f"Kubernetes {found['version']}, datastore SQLite, high availability: no")
    lines.append("nodes:")
    lines += [f"  {n['name']:<24} {'Ready' if n['ready'] else 'NotReady':<10} {n['address']}" for n in found["nodes"]]
    lines.append("components:")
    lines += [f"  {name:<24} {state}" for name, state in found["components"].items()]
    if not found["ready"]:
        lines.append("`picok8s inspect` looks for the reason")
    return "\n".join(lines)
