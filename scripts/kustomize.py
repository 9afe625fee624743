"""Make the kustomization from the Helm chart, so that nothing is written down twice.

    python scripts/kustomize.py

`deploy/kubernetes/kustomize/base` is what the chart makes of its `values.yaml`; each folder of `overlays` is
what changes with the values there. Overlays of your own are made in the same way. Needs Helm (`make helm`).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from data.version import VERSION  # noqa: E402 - the path is set first

CHART = ROOT / "deploy" / "kubernetes" / "lightbox"
FOLDER = ROOT / "deploy" / "kubernetes" / "kustomize"
VALUES, KUSTOMIZATION, RESOURCES = "values.yaml", "kustomization.yaml", "resources.yaml"
_MADE = "# Made by `make kustomize` from the Helm chart and {values}; changes belong there.\n"
_HELMS_OWN = ("helm.sh/", "app.kubernetes.io/managed-by", "checksum/")
"""Labels and annotations of what Helm installs. Generated settings are called by their hash instead."""
_SECRET_NAME = re.compile(r"( secretName: \S+)$", re.MULTILINE)  # which detect-secrets takes for a secret
Object = dict[str, Any]
Key = tuple[str, str]  # kind, name


def rendered(*values: Path) -> dict[Key, Object]:
    """What the chart makes of these values, without what is Helm's own. Raises CalledProcessError."""
    helm = ROOT / ".helm" / "helm"
    program = str(helm) if helm.exists() else shutil.which("helm") or sys.exit("helm is missing: make helm")
    command = [program, "template", "lightbox", str(CHART), f"--set=image.tag={VERSION}"]
    done = subprocess.run(
        [*command, *(f"--values={file}" for file in values)], capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stderr)
    objects = [_without_helm(each) for each in yaml.safe_load_all(done.stdout) if each]
    return {(each["kind"], each["metadata"]["name"]): each for each in objects}


def _without_helm(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_helm(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _without_helm(each) for key, each in value.items() if not key.startswith(_HELMS_OWN)}
    return {key: each for key, each in kept.items() if key != "annotations" or each}


def base_files(values: Path) -> dict[str, str]:
    """The files of the base, by name."""
    objects = rendered(values)
    settings = _settings(objects)
    resources = [each for each in objects.values() if each is not settings]
    generator = {
        "name": settings["metadata"]["name"],
        "options": {"labels": settings["metadata"]["labels"]},
        "literals": _literals(settings["data"]),
    }
    return {
        RESOURCES: _text(*resources),
        KUSTOMIZATION: _kustomization(resources=[RESOURCES], configMapGenerator=[generator]),
    }


def overlay_files(base_values: Path, values: Path) -> dict[str, str]:
    """The files of an overlay of the base, by name. Exits where a setting of the base is taken away."""
    before, after = rendered(base_values), rendered(base_values, values)
    old, new = _settings(before)["data"], _settings(after)["data"]
    if old.keys() - new.keys() or before.keys() - after.keys():
        sys.exit(f"{values}: an overlay cannot take away what the base has")
    patches = [
        {"target": {"kind": kind, "name": name}, "patch": _text(list(operations))}
        for (kind, name), each in after.items()
        if kind != "ConfigMap" and (kind, name) in before
        if (operations := list(changes(before[kind, name], each)))
    ]
    added = [each for key, each in after.items() if key not in before]
    changed = {name: value for name, value in new.items() if old.get(name) != value}
    name = _settings(after)["metadata"]["name"]
    generator = {"name": name, "behavior": "merge", "literals": _literals(changed)}
    files = {
        KUSTOMIZATION: _kustomization(
            resources=["../../base", *([RESOURCES] if added else [])],
            configMapGenerator=[generator] if changed else [],
            patches=patches,
        )
    }
    return files | ({RESOURCES: _text(*added)} if added else {})


def changes(old: Any, new: Any, path: str = "") -> Iterator[Object]:
    """The operations of JSON Patch (RFC 6902) that make `new` of `old`."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old | new:
            here = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
            if key not in new:
                yield {"op": "remove", "path": here}
            elif key not in old:
                yield {"op": "add", "path": here, "value": new[key]}
            else:
                yield from changes(old[key], new[key], here)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, pair in enumerate(zip(old, new, strict=True)):
            yield from changes(*pair, f"{path}/{place}")
    elif old != new:
        yield {"op": "replace", "path": path, "value": new}


def _settings(objects: dict[Key, Object]) -> Object:
    (settings,) = (each for (kind, _), each in objects.items() if kind == "ConfigMap")
    return settings


def _literals(settings: dict[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in settings.items()]


def _kustomization(**content: list[Any]) -> str:
    head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    return _text(head | {name: value for name, value in content.items() if value})


class _Dumper(yaml.SafeDumper):
    """Without anchors, and patches as blocks that people can read."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)


def _text(*documents: Any) -> str:
    text = yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)
    return _SECRET_NAME.sub(r"\1 # pragma: allowlist secret", text)


def all_files() -> dict[Path, str]:
    """Every made file with what it should hold."""
    base = FOLDER / "base" / VALUES
    made = {base.parent / name: text for name, text in base_files(base).items()}
    for values in sorted((FOLDER / "overlays").glob(f"*/{VALUES}")):
        made |= {values.parent / name: text for name, text in overlay_files(base, values).items()}
    return {file: _MADE.format(values=VALUES) + text for file, text in made.items()}


if __name__ == "__main__":
    for file, text in all_files().items():
        file.write_text(text)
