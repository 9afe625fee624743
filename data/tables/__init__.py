"""The tables, a file a subject. Only the stores, the ledger and the migrations read them."""

from __future__ import annotations

from data.tables.acceptance import acceptance_protocols, acceptance_tests
from data.tables.accounts import sessions, tokens, users
from data.tables.alerts import alerts
from data.tables.annotations import scan_annotations
from data.tables.audit import audit_events, audit_head, audit_sent
from data.tables.base import metadata
from data.tables.boards import boards
from data.tables.burned_in_text import pixel_screenings
from data.tables.card_statements import card_statements
from data.tables.deliveries import deliveries, routing_rules
from data.tables.departments import departments, seen_groups
from data.tables.drift import drift_limits, drift_references, drift_runs, embeddings, features
from data.tables.evaluations import evaluation_readings, evaluations
from data.tables.external_identities import external_identities, external_sessions
from data.tables.feedback import feedback
from data.tables.imports import import_items, imports
from data.tables.jobs import jobs, schedule_runs, schedules
from data.tables.ledger import ledger, views
from data.tables.priors import prior_requests, prior_rules, prior_series
from data.tables.received import dicom_senders, received_series
from data.tables.remote_nodes import remote_nodes
from data.tables.reports import reports
from data.tables.reruns import reruns
from data.tables.results import results, review_requests, reviews, second_readings
from data.tables.retention import erasures, held_scans, legal_holds, retention_rules
from data.tables.retrainings import retrainings
from data.tables.revisions import (
    REVISION_OF_PATIENTS,
    REVISION_OF_ROUTED,
    REVISION_OF_SCANS,
    REVISION_OF_USERS,
    revisions,
)
from data.tables.scans import (
    patient_conflicts,
    patients,
    refusals,
    scans,
    study_identifiers,
    uploads,
    withdrawn_scans,
)
from data.tables.servers import leases, servers
from data.tables.sign_in import (
    code_generators,
    known_browsers,
    passkey_challenges,
    passkeys,
    recovery_codes,
    sign_in_attempts,
    sign_in_notices,
)
from data.tables.suspensions import stop_switches, suspensions
from data.tables.triage import triage
from data.tables.unaided import ai_results_seen, unaided_readings, unaided_rules
from data.tables.versions import goals, promotions
from data.tables.watched_senders import dicom_arrivals, dicom_listening, dicom_watches

__all__ = [
    "REVISION_OF_PATIENTS",
    "REVISION_OF_ROUTED",
    "REVISION_OF_SCANS",
    "REVISION_OF_USERS",
    "acceptance_protocols",
    "acceptance_tests",
    "ai_results_seen",
    "alerts",
    "audit_events",
    "audit_head",
    "audit_sent",
    "boards",
    "card_statements",
    "code_generators",
    "deliveries",
    "departments",
    "dicom_arrivals",
    "dicom_listening",
    "dicom_senders",
    "dicom_watches",
    "drift_limits",
    "drift_references",
    "drift_runs",
    "embeddings",
    "erasures",
    "evaluation_readings",
    "external_identities",
    "external_sessions",
    "evaluations",
    "features",
    "feedback",
    "goals",
    "held_scans",
    "import_items",
    "imports",
    "jobs",
    "known_browsers",
    "leases",
    "ledger",
    "legal_holds",
    "metadata",
    "passkey_challenges",
    "passkeys",
    "patient_conflicts",
    "patients",
    "pixel_screenings",
    "prior_requests",
    "prior_rules",
    "prior_series",
    "promotions",
    "received_series",
    "recovery_codes",
    "refusals",
    "remote_nodes",
    "reports",
    "reruns",
    "retrainings",
    "results",
    "retention_rules",
    "review_requests",
    "reviews",
    "revisions",
    "routing_rules",
    "scan_annotations",
    "scans",
    "schedule_runs",
    "schedules",
    "second_readings",
    "seen_groups",
    "servers",
    "sessions",
    "sign_in_attempts",
    "sign_in_notices",
    "stop_switches",
    "study_identifiers",
    "suspensions",
    "tokens",
    "triage",
    "unaided_readings",
    "unaided_rules",
    "uploads",
    "users",
    "views",
    "withdrawn_scans",
]
