"""Cohort statistics: built here for the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from data.database import one_moment
from data.stores.views import ViewStore
from services.assembly.stores import Stores
from services.cohort.cohort import Cohorts, HiddenFrom
from services.cohort.comparison import CohortComparison
from services.cohort.exports import CohortExports
from services.cohort.saved_views import SavedViews


@dataclass(frozen=True)
class CohortServices:
    """The services behind the cohort page, its files and its address of the API."""

    numbers: Cohorts
    comparison: CohortComparison
    exports: CohortExports
    views: SavedViews
    one_look: Callable[[], AbstractContextManager[None]]
    """Meanwhile all is read as of one moment: for a page that shows figures in many parts."""


def build_cohort(
    stores: Stores, thresholds: Callable[[], Mapping[str, float]], hidden: HiddenFrom
) -> CohortServices:
    """Put it together.

    `thresholds` gives each task's threshold in force, `hidden` what a person is not to know yet.
    """
    numbers = Cohorts(stores.ledger, stores.refusals, thresholds, hidden)
    comparison = CohortComparison(stores.ledger, hidden)
    return CohortServices(
        numbers=numbers,
        comparison=comparison,
        exports=CohortExports(numbers, comparison, stores.audit),
        views=SavedViews(ViewStore(stores.database)),
        one_look=partial(one_moment, stores.database),
    )
