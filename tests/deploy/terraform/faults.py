"""What Terraform would say of a configuration, as far as that is known without its program."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.deploy.terraform.configuration import Block, Body, Configuration
from tests.deploy.terraform.schemas import Argument, Schema, schema

_META = {"count", "for_each", "depends_on", "lifecycle", "provider"}
_EVERYBODY = re.compile(r"0\.0\.0\.0/0|::/0")
_OWN = {"each", "count", "path", "self", "terraform"}
_LIFECYCLE = {"create_before_destroy", "prevent_destroy", "ignore_changes", "replace_triggered_by",
              "precondition", "postcondition"}  # fmt: skip


def faults(configuration: Configuration) -> list[str]:
    """A sentence for each; none where it is sound."""
    return [
        *configuration.errors,
        *(f"{name} is not formatted" for name in configuration.unformatted),
        *_twice(configuration),
        *_variables(configuration),
        *_references(configuration),
        *_open(configuration),
        *(
            fault
            for block in configuration.of_kind("resource", "data", "ephemeral")
            for fault in _block(block)
        ),
    ]


def schema_of(kind: str, type_name: str) -> Schema | None:
    """An ephemeral value takes what the resource or data source of its name takes."""
    if kind == "ephemeral":
        return schema("resource" if type_name.startswith("random_") else "data", type_name)
    return schema(kind, type_name)


def _twice(configuration: Configuration) -> Iterator[str]:
    seen = set()
    for block in configuration.of_kind("resource", "data", "ephemeral", "variable", "output"):
        if (block.kind, block.labels) in seen:
            yield f"{'.'.join(block.labels)} is there twice"
        seen.add((block.kind, block.labels))


def _variables(configuration: Configuration) -> Iterator[str]:
    for block in configuration.of_kind("variable"):
        (name,) = block.labels
        yield from (
            f"var.{name} has no {missing}" for missing in ("type", "description") if missing not in block.body
        )
    for block in configuration.of_kind("output"):
        if "description" not in block.body:
            yield f"output.{block.labels[0]} has no description"
    used = {".".join(reference.split(".")[:2]) for reference in configuration.references}
    made = {f"var.{block.labels[0]}" for block in configuration.of_kind("variable")}
    made |= {f"local.{name}" for name in configuration.locals}
    yield from (f"{name} is not used" for name in sorted(made - used))


def _references(configuration: Configuration) -> Iterator[str]:
    kinds = {"resource": "", "data": "data.", "ephemeral": "ephemeral."}
    there = {
        f"{kinds[block.kind]}{'.'.join(block.labels)}": schema_of(block.kind, block.labels[0])
        for block in configuration.of_kind(*kinds)
    }
    named = {f"var.{block.labels[0]}" for block in configuration.of_kind("variable")}
    named |= {f"local.{name}" for name in configuration.locals}
    for reference in (*configuration.references, *configuration.conditions):
        parts = reference.split(".")
        if parts[0] in _OWN:
            continue
        length = 3 if parts[0] in {"data", "ephemeral"} else 2
        name, read = ".".join(parts[:length]), parts[length : length + 1]
        if name not in named and name not in there:
            yield f"{reference} is nowhere"
        elif (known := there.get(name)) is not None and not known.attributes.issuperset(read):
            yield f"{reference}: there is no such attribute"


def _open(configuration: Configuration) -> Iterator[str]:
    """checkov knows some ports that must not be open to everybody; here none may be."""
    for block in configuration.of_kind("resource"):
        inward = "ingress" in block.labels[0] or "firewall" in block.labels[0] or "ingress" in block.body
        if inward and _EVERYBODY.search(str(block.body)):
            yield f"{'.'.join(block.labels)} is open to everybody"
    for name, value in configuration.locals.items():
        if name == "entrances" and _EVERYBODY.search(str(value)):
            yield f"local.{name} is open to everybody"


def _block(block: Block) -> Iterator[str]:
    name = ".".join(block.labels)
    known = schema_of(block.kind, block.labels[0])
    if known is None:
        yield f"{name}: the provider has no {block.kind} {block.labels[0]}"
        return
    body = {key: value for key, value in block.body.items() if key not in _META}
    yield from _lifecycle(name, block.body)
    yield from _body(name, body, known.arguments)


def _lifecycle(name: str, body: Body) -> Iterator[str]:
    for each in body.get("lifecycle", []):
        yield from (f"{name}.lifecycle.{key} is no argument" for key in each if key not in _LIFECYCLE)


def _body(name: str, body: Body, arguments: Mapping[str, Argument]) -> Iterator[str]:
    given = dict(body)
    for kind, blocks in given.pop("dynamic", {}).items():
        given[kind] = [*given.get(kind, []), *(content for each in blocks for content in each["content"])]
    for key, argument in arguments.items():
        if argument.required and key not in given:
            yield f"{name}.{key} is missing"
    for key, value in given.items():
        if key not in arguments:
            yield f"{name}.{key} is no argument"
        else:
            yield from _value(f"{name}.{key}", value, arguments[key])


def _value(name: str, value: Any, argument: Argument) -> Iterator[str]:
    blocks = isinstance(value, list) and any(isinstance(each, dict) for each in value)
    if argument.block != blocks:
        yield f"{name} is {'a block' if argument.block else 'no block'}"
    elif argument.block:
        for each in value:
            yield from _body(name, each, argument.inner)
    elif isinstance(value, list) != ("Sequence" in argument.kind) and not _expression(value):
        yield f"{name} is {'no list' if isinstance(value, list) else 'a list'}"
    elif "jsii.Number" in argument.kind and isinstance(value, str) and not _expression(value):
        yield f"{name} is a number"
    elif "builtins.bool" in argument.kind and value not in (True, False) and not _expression(value):
        yield f"{name} is true or false"


def _expression(value: object) -> bool:
    return isinstance(value, str) and "${" in value
