"""People write a patient's name into everything that takes words, and take away what was made of it.

Runs in processes of the house (`tests.crash.house`, line `call`), beside the server.
"""

from __future__ import annotations

from pathlib import Path

from data.records import BRAIN_TUMOUR, FeedbackCategory, MailedReviews, RejectReason, WorklistQuery
from data.records.annotations import AnnotationKind
from services.assembly.container import build_services
from services.reviewing.review import Remarks
from services.settings import Settings
from tests.crash.house import PARTS
from tests.privacy.people import TALKED_ABOUT

PATIENCE_S = 120


def write(settings: Settings) -> list[str]:
    """Comments, a rejection, messages, a request, measurements, a pack, a test alert; the scans' ids."""
    services = build_services(settings, PARTS)
    services.jobs.start()  # the server does not hear of what another process has queued
    people = {user.name: user for user in services.accounts.all()}
    ada, eve, mel = people["ada"], people["eve"], people["max"]
    reviewing = services.reviewing
    named = f"{TALKED_ABOUT.file_name}, {TALKED_ABOUT.number}: compare with the earlier film."
    query = WorklistQuery(search=TALKED_ABOUT.number, count=50)
    scans = [row.scan_id for row in reviewing.worklist.page(query, ada).rows if row.status.value == "read"]
    first, second, third = scans[:3]
    reviewing.reviews.accept(first, ada, Remarks(comment=named))
    reviewing.reviews.reject(second, ada, RejectReason.OTHER, named, truth_positive=True)
    for scan_id in (first, second):
        services.feedback.send(scan_id, ada, FeedbackCategory.OTHER.value, named)
    reviewing.annotations.add(first, ada, AnnotationKind.RULER, 0, ((0, 4, 4), (0, 4, 20)))
    services.personal_mails.choose(ada, "ada@clinic.example", reviews=MailedReviews.ALL)
    reviewing.requests.ask([third], "a second look", eve)
    assert all(why is None for why in services.alerts.send_test(mel).values())
    services.training.packs.request(BRAIN_TUMOUR, [first, second], "a pack", mel)
    assert services.jobs.wait_idle(PATIENCE_S)
    services.jobs.stop()
    return [first, second, third]


def take(settings: Settings) -> list[str]:
    """Fetch the packs that were made; their files, beside the house."""
    services = build_services(settings, PARTS)
    mel = next(user for user in services.accounts.all() if user.name == "max")
    out = settings.home.parent.parent / "out"
    out.mkdir(exist_ok=True)
    files = []
    for pack in services.training.packs.recent():
        files.append(out / f"{pack.id}.zip")
        files[-1].write_bytes(services.training.packs.content(pack.id, mel))
    return [str(file) for file in files if Path(file).stat().st_size]
