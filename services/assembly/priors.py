"""Priors from remote nodes: built here for the server."""

from __future__ import annotations

from collections.abc import Callable

from data.records import Scan, prior_node
from data.stores.priors import PriorStore
from data.stores.received import ReceivedStore
from data.stores.study_identifiers import StudyIdentifierStore
from services.assembly.stores import Stores
from services.jobs import Jobs
from services.priors.fetching import PriorStores
from services.priors.priors import Priors
from services.remote_nodes.nodes import RemoteNodes


def told_of_arrivals(unaided: Callable[[Scan], None], priors: Priors) -> Callable[[Scan], None]:
    """Who is told of each new scan: a fetched prior is nobody's new work."""

    def arrived(scan: Scan) -> None:
        if prior_node(scan.uploaded_by) is None:
            unaided(scan)
        priors.arrived(scan)

    return arrived


def build_priors(stores: Stores, nodes: RemoteNodes, jobs: Jobs) -> Priors:
    """Put it together; nobody is asked anything."""
    known = PriorStores(
        PriorStore(stores.database),
        stores.scans,
        stores.patients,
        ReceivedStore(stores.database),
        StudyIdentifierStore(stores.database),
        stores.audit,
    )
    return Priors(known, nodes, jobs, stores.settings)
