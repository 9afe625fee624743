"""The arguments of the providers' resources, out of packages that are generated from the providers.

They are read and never run: each argument is a parameter of a class, its kind is in the annotation, and
whether it is a block in the docstring.
"""

from __future__ import annotations

import ast
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

import pytest

from tests.deploy.running_house import ROOT

PROVIDERS = ROOT / ".terraform-checks" / "providers"
_PARAMETER = re.compile(r"^\s*:param (\w+):(.*)$", re.MULTILINE)
_NAME = re.compile(r"#(\w+) \w+#\1\}")
_OF_TERRAFORM = frozenset(
    {"scope", "id_", "connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioners"}
)


@dataclass(frozen=True)
class Argument:
    """One argument; `inner` are those of a block, or of an object."""

    required: bool
    block: bool
    kind: str
    inner: Mapping[str, Argument] = field(default_factory=dict)


@dataclass(frozen=True)
class Schema:
    """What may be set, and what may be read."""

    arguments: Mapping[str, Argument]
    attributes: frozenset[str]


@cache
def _package(provider: str) -> tuple[zipfile.ZipFile, str]:
    wheels = list(PROVIDERS.glob(f"cdktf_cdktf_provider_{provider}-*.whl"))
    if not wheels:
        pytest.skip("the providers' arguments are not there: make terraform-checks")
    return zipfile.ZipFile(wheels[0]), f"cdktf_cdktf_provider_{provider}"


def provider_version(provider: str) -> str:
    """The provider's own version, which the package was made of."""
    packed, name = _package(provider)
    metadata = packed.read(f"{name}/__init__.py").decode()
    matched = re.search(rf"hashicorp/{provider}/(\d+\.\d+\.\d+)", metadata) or re.search(
        rf"hashicorp/{provider}/(\d+\.\d+\.\d+)", packed.read(f"{name}/provider/__init__.py").decode()
    )
    assert matched is not None
    return matched[1]


@cache
def schema(kind: str, type_name: str) -> Schema | None:
    """Of `resource` or `data`; None where the provider has no such thing."""
    provider, _, rest = type_name.partition("_")
    packed, name = _package(provider)
    module = f"data_{type_name}" if kind == "data" else rest
    try:
        tree = ast.parse(packed.read(f"{name}/{module}/__init__.py"))
    except KeyError:
        return None
    classes = {each.name: each for each in tree.body if isinstance(each, ast.ClassDef)}
    own = next(each for each in classes.values() if _is_resource(each))
    return Schema(dict(_arguments(own, classes)), frozenset(_properties(own)))


def _is_resource(each: ast.ClassDef) -> bool:
    return any(
        isinstance(base, ast.Attribute) and base.attr in {"TerraformResource", "TerraformDataSource"}
        for base in each.bases
    )


def _properties(own: ast.ClassDef) -> Iterator[str]:
    for each in own.body:
        if isinstance(each, ast.FunctionDef) and any("property" in ast.dump(d) for d in each.decorator_list):
            yield each.name


def _arguments(own: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> Iterator[tuple[str, Argument]]:
    init = next(each for each in own.body if isinstance(each, ast.FunctionDef) and each.name == "__init__")
    told = dict(_PARAMETER.findall(ast.get_docstring(init) or ""))
    for parameter, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True):
        if (parameter.arg in _OF_TERRAFORM and _is_resource(own)) or parameter.annotation is None:
            continue
        words, kind = told.get(parameter.arg, ""), ast.unparse(parameter.annotation)
        named = _NAME.search(words)
        inner = next((classes[each] for each in re.findall(r"\w+", kind) if each in classes), None)
        block = re.match(rf" {named[1] if named else parameter.arg} block\.", words) is not None
        yield (
            named[1] if named else parameter.arg,
            Argument(default is None, block, kind, {} if inner is None else dict(_arguments(inner, classes))),
        )
