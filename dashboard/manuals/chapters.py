"""Which chapter of the manuals helps on which page."""

from __future__ import annotations

from collections.abc import Mapping

from data.records import User
from services import addresses
from services.permissions import manual_of

CLINICIANS, HEADS, MLOPS, ADMINISTRATORS = "clinicians", "department-heads", "mlops", "administrators"

CHAPTERS: Mapping[str, tuple[str, ...]] = {
    addresses.ACCEPTANCE: (f"{HEADS}#local-acceptance",),
    addresses.ADMIN: (f"{ADMINISTRATORS}#accounts",),
    addresses.ALERTS: (f"{MLOPS}#alerts", f"{ADMINISTRATORS}#alerts-by-webhook-and-e-mail"),
    addresses.AUDIT: (f"{HEADS}#audit", f"{ADMINISTRATORS}#who-did-what"),
    addresses.BOARDS: (f"{HEADS}#boards",),
    addresses.COHORT: (f"{HEADS}#cohort",),
    addresses.DEPARTMENTS: (f"{ADMINISTRATORS}#departments",),
    addresses.DICOM: ("dicom-node",),
    addresses.DRIFT: (f"{MLOPS}#drift",),
    addresses.EVALUATIONS: (f"{MLOPS}#versions",),
    addresses.FEEDBACK: (
        f"{CLINICIANS}#something-is-wrong-with-a-result",
        f"{MLOPS}#what-people-say-of-results",
    ),
    addresses.MODELS: (f"{MLOPS}#versions", f"{HEADS}#models"),
    addresses.MODEL_CARD: (f"{MLOPS}#versions",),
    addresses.PATIENTS: (f"{CLINICIANS}#patient-page",),
    addresses.PERFORMANCE: (f"{HEADS}#performance",),
    addresses.REHEARSALS: (f"{MLOPS}#versions",),
    addresses.REPORTS: (f"{HEADS}#reports",),
    addresses.RETENTION: ("erasure", f"{ADMINISTRATORS}#erasing-legal-holds-expiry"),
    addresses.RETRAININGS: (f"{MLOPS}#retraining",),
    addresses.SCANS: (f"{CLINICIANS}#scan-page",),
    addresses.WORKLIST: (f"{CLINICIANS}#worklist",),
}
"""For the first part of a page's address: a chapter for everybody, then those of other roles' manuals."""


def chapter(pathname: str, user: User) -> str:
    """The address of what helps a person on a page; the role's own manual where no chapter is the page's."""
    own = manual_of(user)
    first = "/" + pathname.strip("/").partition("/")[0]
    given = CHAPTERS.get(first, (own,))
    chosen = next((place for place in given if place.partition("#")[0] == own), given[0])
    manual, hash_mark, anchor = chosen.partition("#")
    return f"{addresses.HELP}/{manual}.html{hash_mark}{anchor}"
