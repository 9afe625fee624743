"""What clinicians work with: built here for the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from data.stores.acceptance import AcceptanceStore
from data.stores.annotations import AnnotationStore
from data.stores.departments import DepartmentStore
from data.stores.patient_conflicts import PatientConflictStore
from data.stores.review_requests import ReviewRequestStore
from data.stores.second_readings import SecondReadingStore
from data.stores.suspensions import SuspensionStore
from data.stores.triage import TriageStore
from data.stores.unaided import UnaidedStore
from data.stores.withdrawals import WithdrawalStore
from services.accounts import Accounts
from services.assembly.stores import Stores
from services.reading.reading import Reading
from services.reviewing.agreement import ReaderAgreement
from services.reviewing.annotations import Annotations
from services.reviewing.blinding import Blinding
from services.reviewing.gallery import ScanGallery
from services.reviewing.growth import Growth, OtherReadings
from services.reviewing.identity_conflicts import IdentityConflicts
from services.reviewing.patients import Patients
from services.reviewing.pictures import Pictures
from services.reviewing.reader_study import ReaderStudies
from services.reviewing.remeasuring import Remeasuring
from services.reviewing.requests import ReviewRequests
from services.reviewing.review import ReviewListener, Reviews
from services.reviewing.scan_patients import ScanPatients
from services.reviewing.scan_views import ScanViews
from services.reviewing.second_readings import SecondReadings
from services.reviewing.triage import Triage
from services.reviewing.unaided import UnaidedReadings
from services.reviewing.voxels import Voxels
from services.reviewing.withdrawals import Withdrawals
from services.reviewing.worklist import Worklist
from services.search_words import SearchWords
from services.secret_key import secret_key
from services.standing.acceptances import Acceptances, Live
from services.standing.suspensions import Suspensions


@dataclass(frozen=True)
class ReviewingServices:
    """The worklist, who reads what, patients, pictures of scans, reviews and requests, and who is who."""

    worklist: Worklist
    scan_views: ScanViews
    words: SearchWords
    triage: Triage
    reviews: Reviews
    requests: ReviewRequests
    annotations: Annotations
    pictures: Pictures
    voxels: Voxels
    gallery: ScanGallery
    identities: IdentityConflicts
    patients: Patients
    growth: Growth
    second_readings: SecondReadings
    unaided: UnaidedReadings
    blinding: Blinding
    agreement: ReaderAgreement
    reader_studies: ReaderStudies
    scan_patients: ScanPatients
    withdrawals: Withdrawals


def second_readings_of(stores: Stores) -> SecondReadings:
    """Second readings on the house's stores."""
    return SecondReadings(SecondReadingStore(stores.database), stores.results, stores.audit)


def blinding_of(stores: Stores) -> Blinding:
    """The one rule of who may know what yet, on the house's stores."""
    return Blinding(second_readings_of(stores), UnaidedStore(stores.database), stores.scans.changes_token)


def unaided_of(stores: Stores) -> UnaidedReadings:
    """Readings without the AI on the house's stores."""
    return UnaidedReadings(
        UnaidedStore(stores.database), stores.scans, stores.results, stores.files, stores.audit
    )


def suspensions_of(stores: Stores) -> Suspensions:
    """The one rule of which results are no answers, on the house's stores."""
    return Suspensions(SuspensionStore(stores.database), stores.scans.changes_token)


def acceptances_of(stores: Stores, live: Live) -> Acceptances:
    """The one rule of which results are not yet accepted here; `live` is what serves now."""
    return Acceptances(AcceptanceStore(stores.database), live)


def build_reviewing(
    stores: Stores,
    accounts: Accounts,
    pictures: Pictures,
    blinding: Blinding,
    unaided: UnaidedReadings,
    judged: ReviewListener,
    comparisons: OtherReadings,
    node_name: Callable[[str], str],
    readings: Reading,
    acceptances: Acceptances,
) -> ReviewingServices:
    """Put it together; `judged` is told of every review that is kept.

    `comparisons` reads scans by today's version to compare them; `node_name` is what a remote node is
    called.
    """
    scans, results, reviews, files = stores.scans, stores.results, stores.reviews, stores.files
    database, patients, audit = stores.database, stores.patients, stores.audit
    withdrawals = WithdrawalStore(database)
    second = second_readings_of(stores)
    suspensions = suspensions_of(stores)
    pages = Patients(patients, scans, results, reviews, blinding, suspensions, acceptances)
    return ReviewingServices(
        worklist=Worklist(stores.worklist, scans, second, blinding, readings.queue, suspensions, acceptances),
        scan_views=ScanViews(
            scans,
            results,
            reviews,
            stores.patients,
            withdrawals,
            files,
            accounts,
            stores.registry.card,
            Remeasuring(files),
            second,
            blinding,
            node_name,
            readings.queue,
            suspensions,
            acceptances,
            DepartmentStore(database).all,
        ),
        words=SearchWords(lambda: secret_key(stores.settings)),
        triage=Triage(TriageStore(stores.database), accounts, stores.audit, readings.prefer),
        reviews=Reviews(scans, results, reviews, files, pictures, audit, second, blinding, judged),
        requests=ReviewRequests(ReviewRequestStore(stores.database), scans, stores.audit),
        annotations=Annotations(AnnotationStore(stores.database), scans, stores.audit, blinding),
        pictures=pictures,
        voxels=Voxels(results, reviews, files, pictures),
        gallery=ScanGallery(files, pictures),
        identities=IdentityConflicts(
            stores.database, PatientConflictStore(stores.database), stores.patients, scans, stores.audit
        ),
        patients=pages,
        growth=Growth(pages, files, comparisons),
        second_readings=second,
        unaided=unaided,
        blinding=blinding,
        agreement=ReaderAgreement(second, files),
        reader_studies=ReaderStudies(UnaidedStore(database), results, reviews, files, blinding),
        scan_patients=ScanPatients(database, stores.ledger, patients, scans, audit),
        withdrawals=Withdrawals(
            database, withdrawals, scans, results, reviews, patients, audit, readings.request, judged
        ),
    )
