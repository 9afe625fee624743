"""What leaves of a version's figures: nothing that stands for few, and nothing that gives it away."""

from __future__ import annotations

import numpy as np
import pytest

from data.records import Judgements
from services.performance.small_figures import ALL, WithheldFigures, in_group, in_month, withheld_figures
from services.statistics.scoring import scored
from services.statistics.subgroups import members
from tests.services.attacker import Attacker

MONTH_US = 31 * 86_400_000_000


def some_judgements(seed: int, n: int, versions: int = 2, months: int = 3) -> Judgements:
    """Cases of some versions and months, a third of them ill, most of them answered rightly."""
    random = np.random.default_rng(seed)
    ill = random.random(n) < 0.3
    positive = ill ^ (random.random(n) < 0.15)
    nothing = [None] * n
    return Judgements.from_columns(
        {
            "scan_id": [f"{number:032x}" for number in range(n)],
            "result_id": [f"{number:032x}" for number in range(n)],
            "task": ["brain-tumour"] * n,
            "version": [str(1 + of) for of in random.integers(0, versions, n)],
            "created_us": 1_790_000_000_000_000 + random.integers(0, months, n) * MONTH_US,
            "positive": positive,
            "probability": np.where(positive, 0.5, 0.0) + random.random(n) / 2,
            "threshold": [0.5] * n,
            "truth_positive": ill,
            "verdict": random.choice(["accepted", "corrected"], n),
            "dice": np.where(ill & positive & (random.random(n) < 0.4), random.random(n), np.nan),
            "outlined": ill & positive,
            "volume_ml": nothing,
            "truth_volume_ml": np.where(ill, 20 * random.random(n), np.nan),
            "latency_ms": nothing,
            "sex": random.choice(["F", "M"], n, p=[0.8, 0.2]),
            "age_years": random.normal(55, 18, n).clip(1, 95),
            "site": random.choice(["North", "South"], n, p=[0.9, 0.1]),
            "scanner": ["Acme"] * n,
            "synthetic": [False] * n,
            "sampled": [False] * n,
        }
    )


def cells(judgements: Judgements) -> dict[str, Judgements]:
    """Everything that a report has a line of, but bins."""
    by_cell = {ALL: judgements}
    months = {str(month): judgements.months() == month for month in np.unique(judgements.months())}
    for month, of_month in months.items():
        by_cell[in_month("", month)] = judgements.where(of_month)
    for version in set(judgements.version):
        of_version = np.asarray(judgements.version == version, dtype=bool)
        by_cell[in_month(version, "")] = judgements.where(of_version)
        for month, of_month in months.items():
            if (of_version & of_month).any():
                by_cell[in_month(version, month)] = judgements.where(of_version & of_month)
    for dimension in ("sex", "age", "site"):
        for name, rows in members(judgements, dimension):
            by_cell[in_group(dimension, name)] = judgements.where(rows)
    return by_cell


def attack(judgements: Judgements, hidden: WithheldFigures) -> tuple[Attacker, dict[tuple[str, str], int]]:
    """An attacker who has every figure that is told, and the counts that are few."""
    attacker, secret = Attacker(), {}
    parts = cells(judgements)
    for cell, part in parts.items():
        figures, names = scored(part), ("recall", "specificity")
        if ":" not in cell:
            names += ("accuracy",)
        truth = part.truth_positive
        counts = {"ill": int(truth.sum()), "healthy": int((~truth).sum()), "all": len(part)}
        for name, of in zip(names, ("ill", "healthy", "all"), strict=False):
            if not hidden.why(cell, name, figures[name].n):
                attacker.knows((cell, of), figures[name].n)
        attacker.adds((cell, "all"), [(cell, "ill"), (cell, "healthy")])
        secret |= {(cell, of): n for of, n in counts.items() if 0 < n < 5 and of != "all"}
    for of in ("ill", "healthy", "all"):
        for prefix in ("sex:", "age:", "site:"):
            attacker.adds((ALL, of), [(cell, of) for cell in parts if cell.startswith(prefix)])
        attacker.adds((ALL, of), [(cell, of) for cell in parts if cell.startswith("|")])
        versions = [cell for cell in parts if cell.endswith("|")]
        attacker.adds((ALL, of), [(cell, of) for cell in versions])
        for version in versions:
            months = [cell for cell in parts if cell.startswith(version) and cell != version]
            attacker.adds((version, of), [(cell, of) for cell in months])
    return attacker, secret


@pytest.mark.parametrize(("seed", "n"), [(1, 30), (2, 60), (3, 90), (4, 150)])
def test_no_small_group_follows_from_what_is_told(seed: int, n: int) -> None:
    judgements = some_judgements(seed, n)
    hidden = withheld_figures(judgements)
    attacker, secret = attack(judgements, hidden)
    assert secret
    for name, count in secret.items():
        low, high = attacker.possible(name)
        assert low <= count <= high and low < high, (name, count, low, high)


def test_without_the_rule_they_would() -> None:
    judgements = some_judgements(3, 90)
    attacker, secret = attack(judgements, WithheldFigures({}))
    assert any(attacker.solves(name) for name in secret)


def test_few_errors_among_many_are_told() -> None:
    """A version that missed one of thirty: a rate without its errors is none."""
    judgements = some_judgements(5, 400, versions=1, months=1)
    hidden = withheld_figures(judgements)
    for figure in ("recall", "specificity", "accuracy", "answers", "auc"):
        assert not hidden.why(ALL, figure, 100)
    assert hidden.why(ALL, "recall", 4) == "fewer than 5"


def test_what_a_wider_report_exceeds_by_few_is_withheld_in_the_narrower() -> None:
    whole = some_judgements(6, 80, versions=1, months=1)
    ill = np.flatnonzero(whole.truth_positive)
    part = whole.where(np.setdiff1d(np.arange(80), ill[:3]))
    assert not withheld_figures(part).why(ALL, "recall", len(ill) - 3)
    assert withheld_figures(part, [whole]).why(ALL, "recall", len(ill) - 3) == "withheld"
