"""Local acceptance: built here for the server."""

from __future__ import annotations

from dataclasses import dataclass

from data.stores.acceptance import AcceptanceStore
from data.stores.suspensions import SuspensionStore
from services.acceptance.protocols import AcceptanceProtocols
from services.acceptance.standings import Standings
from services.acceptance.testing import AcceptanceTests
from services.acceptance.watch import AcceptanceWatch
from services.alerts.alerts import Alerts
from services.assembly.evaluations import EvaluationServices
from services.assembly.stores import Stores
from services.standing.acceptances import Acceptances, Live
from services.versions.serving import Serving


@dataclass(frozen=True)
class AcceptanceServices:
    """What is asked of versions, what they reach, and who is called where nobody has signed."""

    protocols: AcceptanceProtocols
    tests: AcceptanceTests
    standings: Standings
    watch: AcceptanceWatch


def build_acceptance(
    stores: Stores,
    evaluations: EvaluationServices,
    serving: Serving,
    acceptances: Acceptances,
    live: Live,
    alerts: Alerts,
) -> AcceptanceServices:
    """Put it together; `acceptances` is the rule that marks results, `live` what serves now."""
    store = AcceptanceStore(stores.database)
    tests = AcceptanceTests(
        store,
        evaluations.evaluations,
        evaluations.outcomes,
        stores.scans,
        stores.refusals,
        SuspensionStore(stores.database),
        stores.audit,
        evaluations.trained_on,
        second_person=stores.settings.acceptance_second_person,
    )
    return AcceptanceServices(
        AcceptanceProtocols(store, stores.audit, serving.draws),
        tests,
        Standings(store, tests, live),
        AcceptanceWatch(store, acceptances, live, alerts, stores.clinical),
    )
