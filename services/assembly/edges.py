"""What takes in the scans and results of edges: built here for the server."""

from __future__ import annotations

from collections.abc import Callable

from data.records import Result, Scan
from services.assembly.reading import ReadingServices
from services.assembly.stores import Stores
from services.edges.arrivals import EdgeArrivals
from services.edges.new_contents import ArrivalStores
from services.edges.versions import KnownVersions
from services.reading.suitability_gate import SuitabilityGate


def build_edges(
    stores: Stores,
    reading: ReadingServices,
    arrived: Callable[[Scan], None],
    reviewed: Callable[[Result], None],
) -> EdgeArrivals:
    """Put it together; nobody is asked anything."""
    return EdgeArrivals(
        stores.settings,
        ArrivalStores(
            stores.scans, stores.patients, stores.results, stores.reviews, stores.files, stores.audit
        ),
        KnownVersions(stores.registry),
        SuitabilityGate(reading.reader),
        reading.readings,
        arrived,
        reviewed,
    )
