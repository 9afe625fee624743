"""Measures of the house: how large its rooms are, how they lean on each other, how plainly they speak.

`python scripts/house.py [REVISION]` prints them for the files as they are, beside those of a revision.
Tests, migrations and scripts are left out.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("dashboard", "services", "models", "reports", "data")
LONG_FUNCTION = 30
EMPTY_WORDS = re.compile(r"\b(?:one|found)\b")


class Source(NamedTuple):
    """A parsed file."""

    path: str  # below the root
    text: str
    tree: ast.Module


class Function(NamedTuple):
    """A function or method, with its place."""

    place: str
    lines: int
    typed: bool


def sources(root: Path) -> list[Source]:
    """Every Python file of the packages and app.py, migrations left out."""
    files = [
        root / "app.py",
        *(file for package in PACKAGES for file in sorted((root / package).rglob("*.py"))),
    ]
    texts = {str(file.relative_to(root)): file.read_text() for file in files if file.exists()}
    return [Source(path, text, ast.parse(text)) for path, text in texts.items() if "migrations" not in path]


def functions(source: Source) -> Iterator[Function]:
    """Every function with its length, docstring included, and whether its signature is typed throughout."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            named = [argument for argument in arguments if argument.arg not in ("self", "cls")]
            typed = node.returns is not None and all(argument.annotation for argument in named)
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield Function(f"{source.path}:{node.name}", lines, typed)


def imported(source: Source, modules: set[str]) -> set[str]:
    """The modules of ours that a file imports, in functions and for types too."""
    names: set[str] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            parts = {f"{node.module}.{alias.name}" for alias in node.names}
            # A folder that is only the way to one of its files is not leant on.
            names |= parts if parts <= modules else parts | {node.module}
    return names & modules


def module_of(path: str) -> str:
    """The dotted name of a file."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Groups of nodes that reach each other (Tarjan's strongly connected components of two and more)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in arrows.get(node, ()):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            at = stack.index(node)
            group, stack[at:] = stack[at:], []
            if len(group) > 1:
                groups.append(sorted(group))

    for node in list(arrows):
        if node not in index:
            visit(node)
    return groups


def floors(arrows: dict[str, set[str]]) -> int:
    """The longest way down, in rooms; 0 where there is a circle."""
    if circles(arrows):
        return 0
    depth: dict[str, int] = {}

    def of(room: str) -> int:
        if room not in depth:
            depth[room] = 1 + max((of(below) for below in arrows.get(room, ())), default=0)
        return depth[room]

    return max((of(room) for room in arrows), default=0)


def rooms(files: list[Source], package: str) -> dict[str, set[str]]:
    """The rooms of a package (a folder, or a file beside the folders) with the rooms that each imports."""
    modules = {module_of(source.path) for source in files}
    arrows: dict[str, set[str]] = defaultdict(set)
    for source in files:
        module = module_of(source.path)
        if module.startswith(f"{package}."):
            room = ".".join(module.split(".")[:2])
            below = {name for name in imported(source, modules) if name.startswith(f"{package}.")}
            arrows[room] |= {".".join(name.split(".")[:2]) for name in below} - {room}
    return dict(arrows)


def broad_excepts(source: Source) -> int:
    """How many handlers catch whatever comes."""
    handlers = [node for node in ast.walk(source.tree) if isinstance(node, ast.ExceptHandler)]
    names = [handler.type.id if isinstance(handler.type, ast.Name) else None for handler in handlers]
    bare = [handler for handler in handlers if handler.type is None]
    return len(bare) + sum(name in ("Exception", "BaseException") for name in names)


def measures(root: Path) -> dict[str, str]:
    """Each measure by its name."""
    files = sources(root)
    modules = {module_of(source.path) for source in files}
    every = [function for source in files for function in functions(source)]
    folders = Counter(str(Path(source.path).parent) for source in files)
    classes = Counter(
        node.name for source in files for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef)
    )
    lines = {source.path: source.text.count("\n") for source in files}
    longest, longest_function = max(lines, key=lines.__getitem__), max(every, key=lambda each: each.lines)
    fullest = max(folders, key=folders.__getitem__)
    arrows = {module_of(source.path): imported(source, modules) for source in files}
    said = {"files, lines": f"{len(files)}, {sum(lines.values()):,}"}
    said["fullest folder"] = f"{fullest}: {folders[fullest]} files"
    for package in ("services", "data", "dashboard"):
        inner = rooms(files, package)
        said[f"{package}: rooms, floors"] = f"{len(inner)}, {floors(inner) or 'a circle'}"
    return said | {
        "circles of imports": str(len(circles(arrows))),
        "longest file": f"{longest}: {lines[longest]} lines",
        "files over 300 lines": str(sum(count > 300 for count in lines.values())),
        f"functions over {LONG_FUNCTION} lines": str(sum(each.lines > LONG_FUNCTION for each in every)),
        "longest function": f"{longest_function.place}: {longest_function.lines} lines",
        "typed signatures": f"{100 * sum(each.typed for each in every) / len(every):.1f} %",
        "broad excepts": str(sum(map(broad_excepts, files))),
        "class names with several meanings": str(sum(count > 1 for count in classes.values())),
        "names that say nothing (one, found)": str(sum(map(_empty_names, files))),
    }


def _empty_names(source: Source) -> int:
    """How often a variable, argument or function is called `one` or `found`; prose does not count."""
    names = [node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name)]
    names += [node.arg for node in ast.walk(source.tree) if isinstance(node, ast.arg)]
    return sum(EMPTY_WORDS.fullmatch(name) is not None for name in names)


def measures_of(revision: str) -> dict[str, str]:
    """The same of a revision that git knows."""
    archive = subprocess.run(
        ["git", "archive", revision],
        cwd=ROOT,
        capture_output=True,
        check=True,  # noqa: S607
    ).stdout
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
        return measures(Path(folder))


def main(arguments: list[str]) -> None:
    """Print the table."""
    now = measures(ROOT)
    before = measures_of(arguments[0]) if arguments else {}
    width, gap = max(map(len, now)), max(map(len, before.values()), default=0)
    if arguments:
        print(f"{'':{width}}  {arguments[0]:{gap}}  now")
    for name, value in now.items():
        print(
            f"{name:{width}}  {before.get(name, ''):{gap}}  {value}"
            if arguments
            else f"{name:{width}}  {value}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
