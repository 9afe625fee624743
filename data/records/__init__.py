"""The nouns of Lightbox: frozen records that every layer speaks in.

Indices are always (slice, row, column) of the scan as displayed. Lengths are millimetres,
volumes millilitres, times aware UTC. `None` means "unknown" and is shown as such, never guessed.
"""

from __future__ import annotations

from data.records.acceptance import (
    AcceptanceLimits,
    AcceptanceProtocol,
    AcceptanceTest,
    AcceptanceVerdict,
)
from data.records.acquisition import (
    OWN_MANUFACTURER,
    Acquisition,
    MrSequence,
    RecognisedBy,
    RecognisedSequence,
)
from data.records.alerts import (
    Alert,
    AlertState,
    Evidence,
    RunOutcome,
    Schedule,
    ScheduleRun,
    Severity,
)
from data.records.annotations import Annotation, AnnotationKind, AnnotationValues
from data.records.card_statements import CardStatement
from data.records.deliveries import Delivery, DeliveryState, RoutingRule
from data.records.drift import (
    Against,
    DriftAsk,
    DriftLimit,
    DriftReference,
    DriftRun,
    ReferenceKind,
    ReviewRequest,
    RunState,
)
from data.records.evaluations import (
    Evaluation,
    EvaluationReading,
    EvaluationState,
    OtherReading,
    ScanSet,
    ScanSetKind,
)
from data.records.features import CATEGORIES, NUMBERS, WATCHED, Features, Watched
from data.records.feedback import CRITICAL, Feedback, FeedbackAnswer, FeedbackCategory, FeedbackState
from data.records.goals import Goal
from data.records.imports import Import, ImportFile, ImportItem, ImportProgress, ImportState, ItemState
from data.records.jobs import SHORT_INPUTS, Effort, Job, JobState, Precedence, QueuePlace
from data.records.judgements import Judgement, Judgements, ReadCount
from data.records.patients import SEXES, ConflictState, Identity, Patient, PatientConflict
from data.records.people import AccessToken, AuditEvent, AuditPage, AuditQuery, Role, Session, User
from data.records.priors import (
    PriorRequest,
    PriorRule,
    PriorSeries,
    PriorState,
    RetrieveMethod,
    prior_node,
    prior_source,
)
from data.records.promotions import (
    NonInferiorityCheck,
    Promotion,
    PromotionGateResult,
    PromotionKind,
    PromotionState,
    PromotionVerdict,
)
from data.records.received import ReceivedOutcome, ReceivedSeries, Sender, SenderCount, sending_ae_title
from data.records.rehearsals import Cost, PairedMetric, Rehearsal, RehearsedScan, VersionAnswer
from data.records.remote_nodes import RemoteNode, RemoteNodeKind
from data.records.reports import Report, ReportKind, ReportState
from data.records.reruns import (
    Ingredient,
    IngredientState,
    Rerun,
    RerunNumbers,
    RerunOutcome,
    RerunReport,
)
from data.records.results import (
    DOUBTFUL_DICE,
    Box,
    Doubt,
    Lesion,
    Measurements,
    Outcome,
    Provenance,
    Result,
    outcome_of,
)
from data.records.reviews import (
    BY_PEOPLE,
    LesionCall,
    LesionVerdict,
    RejectReason,
    Review,
    SecondReading,
    Verdict,
    counting_dice,
    counting_mask,
    counting_measurements,
    current_review,
    standing_reviews,
)
from data.records.scans import (
    SYNTHETIC_REFUSALS,
    DecodedScan,
    KeptRefusal,
    Refusal,
    Scan,
    ScanHeader,
    ScanStatus,
    SourceGrid,
    Spacing,
    Withdrawal,
)
from data.records.statistics import ExportRow, SavedView
from data.records.suspensions import StopEvidence, StopReason, StopSwitch, Suspension
from data.records.tasks import TaskWords
from data.records.triage import URGENCIES_TO_SET, DoubtKind, TriageEntry, Urgency
from data.records.unaided import EscapeReason, UnaidedFinding, UnaidedReading, UnaidedRule
from data.records.uploads import Upload, UploadedScan, UploadState
from data.records.versions import ModelVersion, TrackedRun
from data.records.watched_senders import QUARTER_S, Arrivals, Listening, SenderWatch
from data.records.worklist import WorklistPage, WorklistQuery, WorklistRow
from data.version import VERSION

BRAIN_TUMOUR = "brain-tumour"
PNEUMONIA = "pneumonia"

NOTICE = "Not for diagnostic use. Lightbox assists; a clinician reads the full images and decides."

__all__ = [
    "AcceptanceLimits",
    "AcceptanceProtocol",
    "AcceptanceTest",
    "AcceptanceVerdict",
    "CardStatement",
    "Ingredient",
    "IngredientState",
    "Rerun",
    "RerunNumbers",
    "RerunOutcome",
    "RerunReport",
    "Evaluation",
    "EvaluationReading",
    "EvaluationState",
    "OtherReading",
    "ScanSet",
    "ScanSetKind",
    "OWN_MANUFACTURER",
    "SEXES",
    "SHORT_INPUTS",
    "SecondReading",
    "standing_reviews",
    "RejectReason",
    "LesionVerdict",
    "LesionCall",
    "AccessToken",
    "Acquisition",
    "Against",
    "Alert",
    "AlertState",
    "Annotation",
    "AnnotationKind",
    "AnnotationValues",
    "AuditEvent",
    "AuditPage",
    "AuditQuery",
    "BRAIN_TUMOUR",
    "BY_PEOPLE",
    "Box",
    "CATEGORIES",
    "ConflictState",
    "NonInferiorityCheck",
    "Cost",
    "DOUBTFUL_DICE",
    "DecodedScan",
    "Delivery",
    "DeliveryState",
    "Doubt",
    "DoubtKind",
    "RehearsedScan",
    "DriftAsk",
    "DriftLimit",
    "EscapeReason",
    "DriftReference",
    "DriftRun",
    "Effort",
    "Evidence",
    "ExportRow",
    "CRITICAL",
    "Features",
    "Feedback",
    "FeedbackAnswer",
    "FeedbackCategory",
    "FeedbackState",
    "PromotionGateResult",
    "PromotionVerdict",
    "Goal",
    "Identity",
    "Import",
    "ImportFile",
    "ImportItem",
    "ImportProgress",
    "ImportState",
    "ItemState",
    "Job",
    "JobState",
    "Judgement",
    "Judgements",
    "KeptRefusal",
    "Lesion",
    "Measurements",
    "ModelVersion",
    "MrSequence",
    "NOTICE",
    "NUMBERS",
    "Outcome",
    "PNEUMONIA",
    "PairedMetric",
    "Patient",
    "PatientConflict",
    "Precedence",
    "PriorRequest",
    "PriorRule",
    "PriorSeries",
    "PriorState",
    "RetrieveMethod",
    "prior_node",
    "prior_source",
    "Promotion",
    "PromotionKind",
    "PromotionState",
    "Provenance",
    "ReadCount",
    "QueuePlace",
    "ReferenceKind",
    "RecognisedBy",
    "RecognisedSequence",
    "Refusal",
    "Rehearsal",
    "RemoteNode",
    "RemoteNodeKind",
    "Report",
    "ReportKind",
    "ReportState",
    "Result",
    "Review",
    "ReviewRequest",
    "Role",
    "RoutingRule",
    "RunState",
    "VersionAnswer",
    "SavedView",
    "Scan",
    "ScanHeader",
    "ScanStatus",
    "RunOutcome",
    "SYNTHETIC_REFUSALS",
    "Schedule",
    "ScheduleRun",
    "Session",
    "Severity",
    "SourceGrid",
    "Spacing",
    "StopEvidence",
    "StopReason",
    "StopSwitch",
    "Suspension",
    "TaskWords",
    "TrackedRun",
    "TriageEntry",
    "URGENCIES_TO_SET",
    "UnaidedFinding",
    "UnaidedReading",
    "UnaidedRule",
    "Upload",
    "UploadState",
    "UploadedScan",
    "Urgency",
    "User",
    "VERSION",
    "Verdict",
    "WATCHED",
    "Watched",
    "Withdrawal",
    "counting_dice",
    "counting_mask",
    "counting_measurements",
    "current_review",
    "outcome_of",
    "WorklistPage",
    "WorklistQuery",
    "WorklistRow",
    "ReceivedOutcome",
    "ReceivedSeries",
    "QUARTER_S",
    "Arrivals",
    "Listening",
    "SenderWatch",
    "Sender",
    "SenderCount",
    "sending_ae_title",
]
