"""How far two readers agree beyond chance."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import chain

import numpy as np

from models.statistics.estimate import CHANGE, Estimate, undefined
from models.statistics.proportions import proportion


def kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> Estimate:
    """Cohen's kappa of two readers' answers on the same cases, in any number of classes.

    (observed agreement - agreement by chance) / (1 - agreement by chance), Cohen, Educational and
    Psychological Measurement 1960, 20:37. The interval is Wilson's of the observed agreement with the
    chance's held fast, as in that article's standard error, so that it has a width where readers agree in
    everything. Undefined of no cases, and where both give all cases the same answer: chance alone agrees
    as much. Raises ValueError for readers of unequally many cases.
    """
    pairs = list(zip(first, second, strict=True))
    classes = {answer: code for code, answer in enumerate(dict.fromkeys(chain(*pairs)))}
    table = np.zeros((len(classes), len(classes)))
    for answer, other in pairs:
        table[classes[answer], classes[other]] += 1
    n = len(pairs)
    chance = float(table.sum(axis=0) @ table.sum(axis=1)) / n**2 if n else 1.0
    if chance >= 1.0:
        return undefined(n, CHANGE)
    agreed = proportion(int(np.trace(table)), n)
    value, low, high = ((share - chance) / (1 - chance) for share in (agreed.value, agreed.low, agreed.high))
    return Estimate(value, max(low, -1.0), high, n)
