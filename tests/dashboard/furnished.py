"""A house in which each address of the API has something to show."""

from __future__ import annotations

import time

from threadpoolctl import threadpool_limits

from data.records import BRAIN_TUMOUR, DriftAsk, ReportKind, ReportState, Role
from tests.dashboard.house import House


def furnish(house: House) -> dict[str, str]:
    """Read scans, a drift run and a made report; answers the ids as the API's paths call them."""
    house.drifting.add(80, 1)
    clinician = house.person(Role.CLINICIAN, "sender")
    scan, film = house.add_volume(clinician.id), house.add_film(clinician.id)
    house.read_volume(scan)
    house.read_film(film)
    house.services.reviewing.reviews.accept(scan.id, clinician)
    house.drifting.add(60, 2, day=30, scan_ids=[scan.id], noise=0.2)
    run = house.services.drift.runs.run_now(DriftAsk(BRAIN_TUMOUR, last=60))
    with threadpool_limits(1):  # more threads than cores make the trees wait for each other
        house.services.drift.influential_scans.of(run.id, "overall")
    report = house.services.reporting.request(ReportKind.COHORT, {"filters": ""}, clinician)
    house.jobs.start()
    deadline = time.monotonic() + 60
    while house.services.reporting.get(report.id).state is not ReportState.MADE:
        assert time.monotonic() < deadline, "the report was never made"
        time.sleep(0.05)
    house.jobs.stop()
    return {"scan_id": scan.id, "film_id": film.id, "run_id": run.id, "report_id": report.id}
