"""Sets of scans that versions are had to read: built here for the server and for the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from data.stores.evaluations import EvaluationStore
from reports.time_words import clock
from services.assembly.cohort import CohortServices
from services.assembly.reading import ReadingServices
from services.assembly.stores import Stores
from services.assembly.training import TrainingServices
from services.assembly.versions import VersionServices
from services.cohort.cohort import HiddenFrom
from services.evaluations.evaluations import Evaluations, ReadElsewhere
from services.evaluations.outcomes import Outcomes
from services.evaluations.scan_sets import PackOfScans, ScanSets
from services.evaluations.set_reader import SetReader
from services.evaluations.trained_on import TrainedOn
from services.inference.engine import Engine
from services.jobs import Jobs
from services.reading.reader import Reader
from services.training.retraining_pack import Pack
from services.versions.serving import Serving

_PACKS = 100


@dataclass(frozen=True)
class EvaluationServices:
    """Who asks for what, and what it came to."""

    evaluations: Evaluations
    outcomes: Outcomes
    trained_on: TrainedOn


def build_evaluations(
    stores: Stores,
    jobs: Jobs,
    reading: ReadingServices,
    versions: VersionServices,
    cohort: CohortServices,
    training: TrainingServices,
    hidden: HiddenFrom,
) -> EvaluationServices:
    """Put it together; `hidden` says what a person is not to know yet."""
    sets = ScanSets(
        stores.ledger,
        stores.scans,
        stores.settings.outside_sets,
        cohort.views.all,
        lambda: [_pack(pack) for pack in training.packs.recent(_PACKS)],
    )
    return evaluations_of(stores, sets, reading.engine, reading.reader, versions.serving, hidden, jobs)


def evaluations_of(
    stores: Stores,
    sets: ScanSets,
    engine: Engine,
    reader: Reader,
    serving: Serving,
    hidden: HiddenFrom,
    jobs: Jobs | None = None,
    elsewhere: Callable[[SetReader], ReadElsewhere] | None = None,
) -> EvaluationServices:
    """The same over any sets; without `jobs` nothing is queued, and who asks waits.

    `elsewhere` makes of the reader one that has other machines read.
    """
    store, settings = EvaluationStore(stores.database), stores.settings
    set_reader = SetReader(reader, stores.scans, stores.reviews, stores.files, settings)
    there = None if elsewhere is None else elsewhere(set_reader)
    evaluations = Evaluations(
        store, sets, set_reader, stores.registry, serving, engine, jobs, stores.audit, there
    )
    trained_on = TrainedOn(stores.registry.trained_patients, store, stores.scans, stores.patients)
    outcomes = Outcomes(
        evaluations, store, stores.judgements, stores.reviews, stores.scans, hidden, trained_on
    )
    return EvaluationServices(evaluations, outcomes, trained_on)


def _pack(pack: Pack) -> PackOfScans:
    made = clock(pack.job.created_at)
    words = f"{len(pack.ask.scan_ids)} scans of {made}" + (f", {pack.ask.why}" if pack.ask.why else "")
    return PackOfScans(pack.id, pack.ask.task, words, pack.ask.scan_ids)
