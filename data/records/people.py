"""Who works with Lightbox, and what they did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a person may do."""

    CLINICIAN = "clinician"
    HEAD = "head"
    MLOPS = "mlops"
    ADMIN = "admin"


class MailTopic(StrEnum):
    """What a person may choose to get mails about."""

    REVIEWS = "reviews"
    ALERTS = "alerts"


class MailedReviews(StrEnum):
    """Of which review requests a person has chosen to get mails."""

    MINE = "mine"  # of scans that are assigned to them
    ALL = "all"


class MailedAlerts(StrEnum):
    """Of which alerts a person has chosen to get mails; each holds those before it."""

    DECISIONS = "decisions"  # that the person may take, which somebody else has asked for
    CRITICAL = "critical"
    ALL = "all"


class TokenScope(StrEnum):
    """What a token may be made for; which permissions that is says `services.permissions`."""

    READ = "read"
    IDENTITY = "identity"
    UPLOAD = "upload"
    REVIEW = "review"
    COMPUTE = "compute"
    MODELS = "models"
    OPERATE = "operate"
    SYNC = "sync"


@dataclass(frozen=True)
class User:
    """A person with an account."""

    id: str
    name: str
    display_name: str
    role: Role
    active: bool = True
    must_change_password: bool = False
    session_epoch: int = 0  # sessions that carry an older number are signed out
    created_at: datetime | None = None
    last_seen_at: datetime | None = None
    reader_group: str | None = None  # such as a section or a seniority; administrators set it
    departments: frozenset[str] | None = None  # ids; whose scans the person sees; None: the whole house
    departments_by_groups: bool = False  # the hospital's groups said so at the last sign-in
    scopes: frozenset[TokenScope] | None = None  # what the token in use is limited to; None: no token


@dataclass(frozen=True)
class MailChoice:
    """Which mails a person has chosen to get, and where."""

    user: User
    mail: str | None = None
    reviews: MailedReviews | None = None
    alerts: MailedAlerts | None = None
    told: Mapping[MailTopic, datetime] = field(default_factory=dict)  # up to when


@dataclass(frozen=True)
class AccessToken:
    """A bearer token for scripts; the secret itself is shown once and not kept."""

    id: str
    user_id: str
    label: str
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    scopes: frozenset[TokenScope] = frozenset(TokenScope)
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Session:
    """Somebody who is signed in; of the secret in the browser only the hash is kept."""

    secret_sha256: str
    user_id: str
    epoch: int  # the account's when the session began
    created_at: datetime
    active_at: datetime  # when the person was last active
    waits: bool = False  # for the second factor: until then nobody is signed in
    place: str = ""  # from where, in words


class AuditOutcome(StrEnum):
    """What became of what somebody wanted to do."""

    SUCCESS = "success"
    REFUSED = "refused"  # it was denied
    FAILED = "failed"  # it was permitted, and did not work


class AuditVia(StrEnum):
    """By which way somebody came."""

    BROWSER = "browser"
    TOKEN = "token"  # noqa: S105 - the API with a bearer token
    DICOM = "dicom"
    COMMAND = "command"
    SERVER = "server"  # Lightbox's own work


@dataclass(frozen=True)
class AuditOrigin:
    """From where something was done; `address` is that of the client, "" where there is none."""

    via: AuditVia = AuditVia.SERVER
    address: str = ""


@dataclass(frozen=True)
class AuditEvent:
    """Who did what to what, and when.

    Without an outcome it follows from the action. Without a patient it is the one whom the subject is, or
    whose scan it is. What stands below is filled in when the event is kept.
    """

    at: datetime
    user_id: str | None
    action: str
    subject: str
    detail: str = ""
    outcome: AuditOutcome | None = field(default=None, compare=False)
    patient: str = field(default="", compare=False)  # our own id of the patient
    role: str = field(default="", compare=False)  # that the person had then
    origin: AuditOrigin = field(default=AuditOrigin(), compare=False)
    number: int = field(default=0, compare=False)  # in the chain, from 1


@dataclass(frozen=True)
class AuditLink:
    """An event as it is kept in the chain: all that its hash was computed of, and the hash."""

    event: AuditEvent
    previous: str  # hash of the event before, "" for the first
    key_id: str  # which key it was signed with, "" for none
    hash: str


@dataclass(frozen=True)
class AuditHead:
    """How far the chain goes: the number of its newest event, and that event's hash."""

    number: int
    hash: str


@dataclass(frozen=True)
class AuditQuery:
    """Which events of the audit trail are asked for; what is left out is not asked by."""

    user_id: str = ""
    actions: tuple[str, ...] = ()
    but_actions: tuple[str, ...] = ()
    subject: str = ""
    outcome: AuditOutcome | None = None
    patient: str = ""  # our own id of a patient; their scans count too
    since: datetime | None = None  # that moment and later
    until: datetime | None = None  # before that moment
    before: int | None = None  # older than the event of this number
    after: int | None = None  # newer than the event of this number


@dataclass(frozen=True)
class AuditPage:
    """Events, newest first, and the number that the query for those before them names; None at the end."""

    events: tuple[AuditEvent, ...]
    before: int | None
