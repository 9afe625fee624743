"""What an operator can set, read once from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from data.bucket import SCHEMES
from data.database_urls import sqlite_url
from data.errors import InvalidInput
from data.records import Role
from services.sign_in_settings import (
    BUTTON,
    LdapSettings,
    OidcSettings,
    SignInSettings,
    department_groups,
    role_groups,
    secret_of,
)

GIB = 1 << 30
BACKENDS = ("auto", "torch", "openvino", "exact")
"""What may run the networks; `auto` is whatever is fastest here and agrees."""
RETRAINING_CHOICES = ("start=shipped", "kept=0.5", "epochs=5")
"""Of a retraining's recipe: from the weights that ship, which have learnt from nobody here, and half of which
stay in the result, so that little of what was known is lost."""

ROLES = frozenset({"clinician", "head", "mlops", "admin"})
"""The roles as LIGHTBOX_SIGN_IN_GROUPS names them."""
LEAST_KEY_CHARACTERS = 32
_POSIX_ZONE = re.compile(r"(?:[A-Za-z]{3,}|<[^>]+>)[+-]?\d.*")


@dataclass(frozen=True)
class Settings:
    """Every setting with a default that works; docs/settings.md names each."""

    home: Path = Path("var")
    database_url: str = ""
    files_url: str = ""
    tracking_uri: str = ""
    redis_url: str = field(
        default="", repr=False
    )  # may hold a password; set where a house has several servers
    host: str = "127.0.0.1"
    port: int = 8050
    threads: int = 24
    workers: int = 4
    device: str | None = None
    backend: str = "auto"
    max_scan_bytes: int = GIB
    decode_seconds: float = 120.0
    decode_bytes: int = 6 * GIB
    max_batch: int = 16
    gather_ms: float = 4.0
    max_waiting: int = 2048
    max_queued_scans: int = 500
    volumes_bytes: int = GIB // 2
    requests_per_minute: int = 6000
    session_minutes: int = 30
    session_hours: int = 12
    second_factor: frozenset[Role] = frozenset()  # of these roles nobody works without one
    https: bool = False
    secret_key: str = field(default="", repr=False)
    earlier_secret_keys: tuple[str, ...] = field(default=(), repr=False)  # that events were signed with
    identifier_key: str = field(default="", repr=False)  # what names patients is encrypted with it
    earlier_identifier_keys: tuple[str, ...] = field(default=(), repr=False)
    import_folder: Path | None = None
    outside_folder: Path | None = None
    registry_seconds: int = 30
    gate_recall_percent: int = 5
    gate_dice_percent: int = 3
    gate_specificity_percent: int = 5
    gate_outside_percent: int = 10
    gate_least_truths: int = 20
    acceptance_second_person: bool = False
    retraining_choices: tuple[str, ...] = RETRAINING_CHOICES
    alerts: str = field(default="", repr=False)  # holds passwords
    url: str = ""
    mail: str = field(default="", repr=False)  # holds a password
    review_sample_percent: int = 5
    keep_reports_days: int = 0
    sign_certificate: Path | None = None
    sign_password: str = ""
    dicom_ae_title: str = "LIGHTBOX"
    dicom_host: str = "127.0.0.1"
    dicom_port: int = 11112
    dicom_senders: str = "*@127.0.0.1"
    dicom_silence_seconds: int = 30
    dicom_folder_bytes: int = 10 * GIB
    dicom_certificate: Path | None = None
    dicom_key: Path | None = None
    dicom_ca: Path | None = None
    remote_ca: Path | None = None
    audit_syslog: str = ""  # HOST:PORT of a syslog server that is told of every event
    audit_syslog_ca: Path | None = None
    audit_syslog_certificate: Path | None = None
    audit_syslog_key: Path | None = None
    patient_id_system: str = ""  # the URI of the hospital's patient numbers, for FHIR
    sign_in: SignInSettings = SignInSettings()
    time_zone: str = ""  # of times that name none; the process itself reads TZ, this checks it

    @property
    def imports_from(self) -> Path:
        """Below this folder of the server's machine lies what may be imported from the page."""
        return self.import_folder or self.home / "import"

    @property
    def outside_sets(self) -> Path:
        """Here lie labelled pictures from elsewhere that versions can be had to read."""
        return self.outside_folder or self.home / "outside"

    @property
    def dicom_folder(self) -> Path:
        """Where the DICOM node puts what it receives."""
        return self.home / "dicom"

    @property
    def public_url(self) -> str:
        """Where people find this server, for links in messages."""
        return (self.url or f"http://{self.host}:{self.port}").rstrip("/")

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Self:
        """The settings that the environment asks for; raises InvalidInput naming a wrong one."""
        _refuse_half_letters(env)
        home = Path(env.get("LIGHTBOX_HOME", "var")).resolve()
        return cls(
            home=home,
            database_url=secret_of(env, "DATABASE_URL", "DATABASE_URL_FILE")
            or sqlite_url(home / "lightbox.db"),
            files_url=_files_url(env) or str(home / "files"),
            tracking_uri=env.get("MLFLOW_TRACKING_URI") or sqlite_url(home / "mlflow.db"),
            redis_url=secret_of(env, "REDIS_URL", "REDIS_URL_FILE"),
            host=env.get("LIGHTBOX_HOST", cls.host),
            port=_whole(env, "LIGHTBOX_PORT", cls.port),
            threads=_whole(env, "LIGHTBOX_THREADS", cls.threads),
            workers=_whole(env, "LIGHTBOX_WORKERS", cls.workers),
            device=env.get("LIGHTBOX_DEVICE") or None,
            backend=_word(env, "LIGHTBOX_BACKEND", cls.backend, BACKENDS),
            max_scan_bytes=_whole(env, "LIGHTBOX_MAX_SCAN_MIB", cls.max_scan_bytes >> 20) << 20,
            decode_seconds=_whole(env, "LIGHTBOX_DECODE_SECONDS", int(cls.decode_seconds)),
            decode_bytes=_whole(env, "LIGHTBOX_DECODE_MIB", cls.decode_bytes >> 20) << 20,
            max_batch=_whole(env, "LIGHTBOX_MAX_BATCH", cls.max_batch),
            gather_ms=_whole(env, "LIGHTBOX_GATHER_MS", int(cls.gather_ms), least=0),
            max_waiting=_whole(env, "LIGHTBOX_MAX_WAITING", cls.max_waiting),
            max_queued_scans=_whole(env, "LIGHTBOX_MAX_QUEUED_SCANS", cls.max_queued_scans, least=0),
            volumes_bytes=_whole(env, "LIGHTBOX_VOLUMES_MIB", cls.volumes_bytes >> 20, least=0) << 20,
            requests_per_minute=_whole(env, "LIGHTBOX_REQUESTS_PER_MINUTE", cls.requests_per_minute, least=0),
            session_minutes=_whole(env, "LIGHTBOX_SESSION_MINUTES", cls.session_minutes),
            session_hours=_whole(env, "LIGHTBOX_SESSION_HOURS", cls.session_hours),
            second_factor=_roles(env, "LIGHTBOX_SECOND_FACTOR"),
            https=env.get("LIGHTBOX_HTTPS", "") in {"1", "true", "yes"},
            secret_key=secret_of(env, "LIGHTBOX_SECRET_KEY", "LIGHTBOX_SECRET_KEY_FILE"),
            earlier_secret_keys=tuple(env.get("LIGHTBOX_EARLIER_SECRET_KEYS", "").split()),
            identifier_key=_identifier_key(env),
            earlier_identifier_keys=tuple(env.get("LIGHTBOX_EARLIER_IDENTIFIER_KEYS", "").split()),
            import_folder=Path(env.get("LIGHTBOX_IMPORT_FOLDER") or home / "import").resolve(),
            outside_folder=Path(env.get("LIGHTBOX_OUTSIDE_FOLDER") or home / "outside").resolve(),
            registry_seconds=_whole(env, "LIGHTBOX_REGISTRY_SECONDS", cls.registry_seconds, least=0),
            gate_recall_percent=_whole(env, "LIGHTBOX_GATE_RECALL_PERCENT", cls.gate_recall_percent),
            gate_dice_percent=_whole(env, "LIGHTBOX_GATE_DICE_PERCENT", cls.gate_dice_percent),
            gate_specificity_percent=_whole(
                env, "LIGHTBOX_GATE_SPECIFICITY_PERCENT", cls.gate_specificity_percent
            ),
            gate_outside_percent=_whole(env, "LIGHTBOX_GATE_OUTSIDE_PERCENT", cls.gate_outside_percent),
            gate_least_truths=_whole(env, "LIGHTBOX_GATE_LEAST_TRUTHS", cls.gate_least_truths),
            acceptance_second_person=env.get("LIGHTBOX_ACCEPTANCE_SECOND_PERSON", "") in {"1", "true", "yes"},
            retraining_choices=_words(env, "LIGHTBOX_RETRAINING_CHOICES", cls.retraining_choices),
            alerts=secret_of(env, "LIGHTBOX_ALERTS", "LIGHTBOX_ALERTS_FILE"),
            url=env.get("LIGHTBOX_URL", ""),
            mail=secret_of(env, "LIGHTBOX_MAIL", "LIGHTBOX_MAIL_FILE").strip(),
            review_sample_percent=_share(env, "LIGHTBOX_REVIEW_SAMPLE", cls.review_sample_percent),
            keep_reports_days=_whole(env, "LIGHTBOX_KEEP_REPORTS_DAYS", cls.keep_reports_days, least=0),
            sign_certificate=_file(env, "LIGHTBOX_SIGN_CERTIFICATE"),
            sign_password=secret_of(env, "LIGHTBOX_SIGN_PASSWORD", "LIGHTBOX_SIGN_PASSWORD_FILE"),
            dicom_ae_title=ae_title(
                env.get("LIGHTBOX_DICOM_AE_TITLE", "").strip() or cls.dicom_ae_title,
                "The setting LIGHTBOX_DICOM_AE_TITLE",
            ),
            dicom_host=env.get("LIGHTBOX_DICOM_HOST", cls.dicom_host),
            dicom_port=_whole(env, "LIGHTBOX_DICOM_PORT", cls.dicom_port),
            dicom_senders=env.get("LIGHTBOX_DICOM_SENDERS") or cls.dicom_senders,
            dicom_silence_seconds=_whole(env, "LIGHTBOX_DICOM_SILENCE_SECONDS", cls.dicom_silence_seconds),
            dicom_folder_bytes=_whole(env, "LIGHTBOX_DICOM_FOLDER_MIB", cls.dicom_folder_bytes >> 20) << 20,
            dicom_certificate=_file(env, "LIGHTBOX_DICOM_CERTIFICATE"),
            dicom_key=_file(env, "LIGHTBOX_DICOM_KEY"),
            dicom_ca=_file(env, "LIGHTBOX_DICOM_CA"),
            remote_ca=_file(env, "LIGHTBOX_REMOTE_CA"),
            audit_syslog=env.get("LIGHTBOX_AUDIT_SYSLOG", "").strip(),
            audit_syslog_ca=_file(env, "LIGHTBOX_AUDIT_SYSLOG_CA"),
            audit_syslog_certificate=_file(env, "LIGHTBOX_AUDIT_SYSLOG_CERTIFICATE"),
            audit_syslog_key=_file(env, "LIGHTBOX_AUDIT_SYSLOG_KEY"),
            patient_id_system=env.get("LIGHTBOX_PATIENT_ID_SYSTEM", "").strip(),
            sign_in=_sign_in(env),
            time_zone=_zone(env, "TZ"),
        )


def _files_url(env: Mapping[str, str]) -> str:
    url = env.get("LIGHTBOX_FILES", "")
    scheme, colon, rest = url.partition("://")
    if not colon:
        return url
    if scheme == "file":
        return rest
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise InvalidInput(f"LIGHTBOX_FILES must be a folder, or begin with {known}; not {scheme}://.")
    return url


def _identifier_key(env: Mapping[str, str]) -> str:
    key = secret_of(env, "LIGHTBOX_IDENTIFIER_KEY", "LIGHTBOX_IDENTIFIER_KEY_FILE")
    if key and (len(key) < LEAST_KEY_CHARACTERS or key.split() != [key]):
        raise InvalidInput(
            f"LIGHTBOX_IDENTIFIER_KEY needs {LEAST_KEY_CHARACTERS} characters or more, and no blanks."
        )
    return key


def _refuse_half_letters(env: Mapping[str, str]) -> None:
    """Bytes that are no UTF-8 come as halves of characters, which no database, address or log can hold."""
    for name, value in env.items():
        if name.startswith(("LIGHTBOX_", "DATABASE_", "MLFLOW_", "REDIS_")) and not _is_text(value):
            raise InvalidInput(f"The setting {name} is no text in UTF-8.")


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def _sign_in(env: Mapping[str, str]) -> SignInSettings:
    local = _word(env, "LIGHTBOX_LOCAL_SIGN_IN", "everybody", ("everybody", "administrators"))
    others = _word(env, "LIGHTBOX_DEPARTMENT_OTHERS", "nothing", ("nothing", "by-hand"))
    return SignInSettings(
        oidc=_oidc(env),
        ldap=_ldap(env),
        groups=role_groups(env.get("LIGHTBOX_SIGN_IN_GROUPS", ""), ROLES),
        departments=department_groups(env.get("LIGHTBOX_DEPARTMENT_GROUPS", "")),
        others_by_hand=others == "by-hand",
        ca=_file(env, "LIGHTBOX_SIGN_IN_CA"),
        passwords_for_all=local == "everybody",
    )


def _oidc(env: Mapping[str, str]) -> OidcSettings:
    default = OidcSettings()
    return OidcSettings(
        issuer=env.get("LIGHTBOX_OIDC_ISSUER", "").strip(),
        client_id=env.get("LIGHTBOX_OIDC_CLIENT_ID", "").strip(),
        client_secret=secret_of(env, "LIGHTBOX_OIDC_CLIENT_SECRET", "LIGHTBOX_OIDC_CLIENT_SECRET_FILE"),
        scopes=env.get("LIGHTBOX_OIDC_SCOPES") or default.scopes,
        groups_claim=env.get("LIGHTBOX_OIDC_GROUPS_CLAIM") or default.groups_claim,
        name_claim=env.get("LIGHTBOX_OIDC_NAME_CLAIM") or default.name_claim,
        prompt=env.get("LIGHTBOX_OIDC_PROMPT", "").strip(),
        button=env.get("LIGHTBOX_OIDC_BUTTON") or BUTTON,
    )


def _ldap(env: Mapping[str, str]) -> LdapSettings:
    default = LdapSettings()
    return LdapSettings(
        servers=tuple(env.get("LIGHTBOX_LDAP_SERVERS", "").replace(",", " ").split()),
        bind_dn=env.get("LIGHTBOX_LDAP_BIND_DN", "").strip(),
        bind_password=secret_of(env, "LIGHTBOX_LDAP_BIND_PASSWORD", "LIGHTBOX_LDAP_BIND_PASSWORD_FILE"),
        base=env.get("LIGHTBOX_LDAP_BASE", "").strip(),
        filter=env.get("LIGHTBOX_LDAP_FILTER") or default.filter,
        group_base=env.get("LIGHTBOX_LDAP_GROUP_BASE", "").strip(),
        group_filter=env.get("LIGHTBOX_LDAP_GROUP_FILTER") or default.group_filter,
        nested_groups=env.get("LIGHTBOX_LDAP_NESTED_GROUPS", "") in {"1", "true", "yes"},
        button=env.get("LIGHTBOX_LDAP_BUTTON") or BUTTON,
    )


def _whole(env: Mapping[str, str], name: str, default: int, least: int = 1) -> int:
    text = env.get(name)
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        raise InvalidInput(f"The setting {name} must be a whole number, not {text!r}.") from None
    if value < least:
        raise InvalidInput(f"The setting {name} must be at least {least}, not {value}.")
    return value


def _word(env: Mapping[str, str], name: str, default: str, known: Sequence[str]) -> str:
    word = env.get(name, "").strip().lower() or default
    if word not in known:
        raise InvalidInput(f"The setting {name} must be one of {', '.join(known)}, not {word!r}.")
    return word


def _roles(env: Mapping[str, str], name: str) -> frozenset[Role]:
    """The roles that a setting names, separated by commas or blanks; `all` is every role."""
    words = env.get(name, "").replace(",", " ").lower().split()
    unknown = sorted(set(words) - {"all", *Role})
    if unknown:
        known = ", ".join(["all", *Role])
        raise InvalidInput(f"The setting {name} takes the roles {known}, not {unknown[0]!r}.")
    return frozenset(Role) if "all" in words else frozenset(Role(word) for word in words)


def _words(env: Mapping[str, str], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    """What a setting lists, separated by commas or blanks."""
    return tuple(env.get(name, "").replace(",", " ").split()) or default


def _share(env: Mapping[str, str], name: str, default: int) -> int:
    value = _whole(env, name, default, least=0)
    if value > 100:
        raise InvalidInput(f"The setting {name} is a share in per cent: at most 100, not {value}.")
    return value


def ae_title(text: str, what: str) -> str:
    """An AE title as it may be sent. Raises InvalidInput, which says of `what` that it is none."""
    title = text.strip()
    if not 1 <= len(title) <= 16 or not (title.isascii() and title.isprintable()) or "\\" in title:
        raise InvalidInput(f"{what} must have 1 to 16 ASCII characters and no backslash.")
    return title


def _zone(env: Mapping[str, str], name: str) -> str:
    zone = env.get(name, "").removeprefix(":")
    if zone and not zone.startswith("/") and not _POSIX_ZONE.fullmatch(zone):
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            # The system takes an unknown zone for UTC without a word, and every time would be wrong.
            raise InvalidInput(
                f"The setting {name} must be a time zone such as Europe/Berlin, not {zone!r}."
            ) from None
    return zone


def _file(env: Mapping[str, str], name: str) -> Path | None:
    return Path(env[name]).resolve() if env.get(name) else None
