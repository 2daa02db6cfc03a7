"""The frame of the command line: finds the command, reads its arguments, shows its errors. A command is imported when called.

A command is a module with HELP, `arguments(parser)` and `run(args) -> exit code`. It prints its result, and fails by raising
`Problem`, whose message says what is wrong and what to type next.
"""

import argparse
import importlib
import os
import sys
from pathlib import Path

from picok8s.cli.problem import Problem

# Name -> (module, what it does). What is called by the machine only has no help.
COMMANDS: dict[str, tuple[str, str]] = {
    "start": ("start", "set up what is missing and start the node"),
    "stop": ("stop", "stop the node and all its containers; nothing is left running"),
    "restart": ("restart", "stop, then start"),
    "status": ("status", "say whether the node is ready, and what runs"),
    "config": ("config", "print a kubeconfig of the administrator"),
    "kubectl": ("kubectl", "run kubectl with this cluster"),
    "ctr": ("ctr", "run containerd's ctr with this node's containers"),
    "images": ("images", "import, export and list container images"),
    "logs": ("logs", "show the log of a component"),
    "inspect": ("inspect", "find what is wrong, say what to do, and make a report without secrets"),
    "reset": ("reset", "delete everything in the cluster, and begin with an empty one"),
    "uninstall": ("uninstall", "stop, and remove all that picok8s made on this machine"),
    "version": ("version", "print versions"),
    "completion": ("completion", 'print shell completion: eval "$(picok8s completion bash)"'),
    "testing": ("testing", "serve an API server for tests"),
    "daemon": ("internal", ""),
    "run-server": ("internal", ""),
    "run-node": ("internal", ""),
    "clean": ("internal", ""),
}
PASSED_ON = ("kubectl", "ctr")  # Take all that follows as it is.


def main(argv: list[str] | None = None) -> int:
    """The exit code: 0 good, 1 a problem that was told, 2 wrong usage."""
    argv = sys.argv[1:] if argv is None else argv
    root, rest = _root(argv)
    if not rest or rest[0] in ("-h", "--help", "help"):
        print(overview())
        return 0 if rest else 2
    name = rest[0]
    if name in ("--version", "-V"):
        name = "version"
    if name not in COMMANDS:
        print(f"picok8s: there is no command {name!r}; `picok8s help` lists them", file=sys.stderr)
        return 2
    module = importlib.import_module(f"picok8s.cli.{COMMANDS[name][0]}")
    try:
        if name in PASSED_ON:
            return int(module.passed(root, rest[1:]))
        parser = argparse.ArgumentParser(prog=f"picok8s {name}", description=module.__doc__)
        module.arguments(parser)
        args = parser.parse_args(rest[1:])
        args.root, args.command = root, name
        return int(module.run(args) or 0)
    except Problem as problem:
        print(f"picok8s {name}: {problem}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        return 130


def _root(argv: list[str]) -> tuple[Path, list[str]]:
    """(--root DIR, the rest). It may stand before or right after the command."""
    rest, root = list(argv), os.environ.get("PICOK8S_ROOT", "/")
    for index in (0, 1):
        if len(rest) > index and rest[index].startswith("--root="):
            root = rest.pop(index).removeprefix("--root=")
        elif len(rest) > index + 1 and rest[index] == "--root":
            root = rest[index + 1]
            del rest[index : index + 2]
    return Path(root).resolve(), rest


def overview() -> str:
    rows = [f"  {name:<12} {text}" for name, (_, text) in COMMANDS.items() if text]
    head = "picok8s: Kubernetes on this machine.\n\nusage: picok8s [--root DIR] COMMAND ...\n\ncommands:"
    return "\n".join([head, *rows, "\n`picok8s COMMAND --help` says more."])
