"""What `mutmut run` left behind, as a table: of each file's mutants, how many a test noticed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from mutmut.stats import status_by_exit_code

MUTANTS = Path("mutants")
NOTICED = ("killed", "timeout", "caught by type check", "segfault")


def main() -> None:
    """Print the share noticed of each file and of all."""
    everything: Counter[str] = Counter()
    for meta in sorted(MUTANTS.rglob("*.meta")):
        codes = json.loads(meta.read_text())["exit_code_by_key"].values()
        statuses = Counter(status_by_exit_code[code] for code in codes)
        if statuses:
            everything += statuses
            print(_line(str(meta.relative_to(MUTANTS)).removesuffix(".meta"), statuses))
    print(_line("all", everything))


def _line(name: str, statuses: Counter[str]) -> str:
    noticed, total = sum(statuses[status] for status in NOTICED), sum(statuses.values())
    missed = ", ".join(f"{count} {status}" for status, count in statuses.items() if status not in NOTICED)
    return f"{name:45} {noticed:5} of {total:5}  {100 * noticed / max(total, 1):5.1f} %  {missed}"


if __name__ == "__main__":
    main()
