"""`python failing_once.py NOTE WORDS…`: app.py, which fails the first time, when all is done.

As a worker that dies before it has told anybody: NOTE says which commands have failed so.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

APP = Path(__file__).resolve().parents[2] / "app.py"


def main() -> int:
    note, words = Path(sys.argv[1]), sys.argv[2:]
    status = subprocess.run([sys.executable, str(APP), *words], check=False).returncode
    failed = note.read_text().split() if note.exists() else []
    if words[0] in failed:
        return status
    note.write_text(" ".join([*failed, words[0]]))
    return 1


if __name__ == "__main__":
    sys.exit(main())
