"""The house rules that a machine can check. Each failure says which rule, where, and what to do."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = "picok8s"
SOURCE = ROOT / "src" / PACKAGE

# From the top of the tree to the bottom. A package imports those below it, and none beside or above.
LAYERS = (
    {"cli"},
    {"testing"},
    {"daemon"},
    {"cluster"},
    {"apiserver", "controllers", "scheduler", "node", "network", "dns"},  # These meet at the API only.
    {"reconcile"},
    {"client", "store"},
    {"wire"},
    {"api"},
)
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 60
CLASS_METHODS_MAX = 20
PARAMETERS_MAX = 7
EMPTY_NAMES = {"base", "common", "helper", "helpers", "manager", "misc", "shared", "util", "utils"}
# Decisions are pure; sockets, clocks and processes are in the one `run.py` of each component.
WORLD = {"asyncio", "random", "socket", "ssl", "subprocess", "threading", "time"}
WORLDLY = {"cli", "client", "daemon", "store", "testing"}
# What stands above a limit for a reason; nothing may be added without one.
LARGER = {
    "class Paths": 24,  # One line for each path: a table that happens to be a class.
    "class Runtime": 21,  # One method for each call of the runtime that the node makes.
    "class Store": 23,  # One log: its reads and its writes share their state.
}

Rule = Callable[[Path, ast.Module], Iterator[str]]


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE.parent), ast.parse(path.read_text())


def complaints(rule: Rule) -> list[str]:
    return [f"{path}: {text}" for path, tree in modules() for text in rule(path, tree)]


def test_layers() -> None:
    level = {package: depth for depth, packages in enumerate(LAYERS) for package in packages}

    def rule(path: Path, tree: ast.Module) -> Iterator[str]:
        here = path.parts[1]
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PACKAGE}."):
                there = (node.module or "").split(".")[1]
                if here in level and there in level and there != here and level[there] <= level[here]:
                    yield f"line {node.lineno}: {here} must not import {there}"

    assert not complaints(rule)


def test_sizes() -> None:
    def rule(path: Path, tree: ast.Module) -> Iterator[str]:
        if (lines := len((SOURCE.parent / path).read_text().splitlines())) > FILE_LINES_MAX:
            yield f"{lines} lines; split it by concept"
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES_MAX:
                    yield f"{node.name} has {lines} lines"
                if (count := len(node.args.args) + len(node.args.kwonlyargs)) > PARAMETERS_MAX + 1:
                    yield f"{node.name} has {count} parameters; give them a name as one record"
            elif isinstance(node, ast.ClassDef):
                count = sum(isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) for n in node.body)
                if count > LARGER.get(f"class {node.name}", CLASS_METHODS_MAX):
                    yield f"class {node.name} has {count} methods; it is more than one thing"

    assert not complaints(rule)


def test_the_world_is_touched_at_the_edge_only() -> None:
    def rule(path: Path, tree: ast.Module) -> Iterator[str]:
        if path.name == "run.py" or path.parts[1] in WORLDLY or len(path.parts) == 2:
            return
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names = {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {(node.module or "").split(".")[0]}
            else:
                continue
            for name in names & WORLD:
                yield f"line {node.lineno}: {name} belongs in run.py; take what it gives as an argument"

    assert not complaints(rule)


def test_every_file_opens_with_what_it_is_for() -> None:
    def rule(path: Path, tree: ast.Module) -> Iterator[str]:
        opening = (ast.get_docstring(tree) or "").split("\n\n")[0].rstrip()
        if not opening.endswith((".", ":", "?", "...", ")")):
            yield "opens with no sentence"
        if path.stem in EMPTY_NAMES:
            yield f"{path.stem!r} names no concept"

    assert not complaints(rule)


def test_tests_mirror_the_package() -> None:
    apart = ("live", "golden", "scenarios")
    orphans = [
        str(path)
        for path in (ROOT / "tests").glob("*/**/test_*.py")
        if path.relative_to(ROOT / "tests").parts[0] not in apart
        and not (SOURCE / path.relative_to(ROOT / "tests").parent / path.name[5:]).exists()
        and not (SOURCE / path.relative_to(ROOT / "tests").parent / path.stem[5:]).is_dir()
    ]
    assert not orphans
