"""The tables that hold nothing of a patient, column by column: a new column has to be looked at here."""

from __future__ import annotations

from collections.abc import Mapping

NOT_OF_PATIENTS: Mapping[str, str] = {
    "acceptance_protocols": "id task revision in_force limits set_by set_name set_at why",
    "audit_head": "id number hash",
    "audit_sent": "destination number claimed_by claimed_until",
    "boards": "id title panels months site scanner sex age shared owner_id owner_name created_at changed_at",
    "card_statements": "id task version key words author_id author_name created_at",
    "code_generators": "user_id sealed_secret made_at confirmed_at last_step",
    "departments": "id name name_key senders sites created_at",
    "dicom_arrivals": "ae_title quarter instances last_at",
    "dicom_listening": "since until told_at",
    "dicom_senders": "ae_title address instances last_at",
    "dicom_watches": "ae_title retired muted_until decided_by decided_name decided_at told_for",
    "drift_limits": "task feature method effect p set_by set_name set_at",
    "drift_runs": (
        "id task version reference_id reference_name ask state severity reference_n current_n drifted "
        "watched snapshot_sha256 failure schedule_id asked_by created_at finished_at"
    ),
    "evaluations": (
        "id task version weights_sha256 set_kind set_key set_words synthetic state asked_by asked_name "
        "asked_at total finished_at failure"
    ),
    "external_identities": "id way issuer subject user_id name display_name created_at last_seen_at",
    "external_sessions": "secret_sha256 user_id issuer subject sid id_token created_at",
    "goals": "task metric goal alert_limit set_by set_at",
    "imports": "id folder labels state user_id failure created_at finished_at",
    "known_browsers": "secret_sha256 user_id used_at",
    "leases": "name holder beat",
    "passkey_challenges": "challenge_sha256 purpose user_id expires_at",
    "passkeys": "id user_id credential_sha256 credential_id public_key sign_count name made_at used_at",
    "prior_rules": "node_id method automatic studies years",
    "promotions": (
        "id task version from_version kind state gate overridden reason asked_by asked_name asked_at "
        "decided_by decided_name decided_at decision"
    ),
    "recovery_codes": "code_sha256 user_id made_at",
    "remote_nodes": (
        "id name kind ae_title host port tls url application facility user_name sealed_secret made_by "
        "created_at worked_at failed_at failure deleted_at"
    ),
    "retention_rules": (
        "id subject days counted_from task origin synthetic active made_by made_name made_at "
        "switched_name switched_at deleted_at"
    ),
    "retrainings": (
        "id task open_task cause why state truths synthetic opened_at opened_by opened_name drift_run_id "
        "from_version decided_by decided_name decided_at decision pack_id packed kept_apart version failure "
        "changed_at"
    ),
    "revisions": "name value",
    "routing_rules": (
        "id node_id task outcomes forms reviewed_only sender synthetic made_by created_at deleted_at"
    ),
    "schedule_runs": "id schedule_id started_at by_hand due_at ended_at outcome sentence link",
    "schedules": (
        "id name kind ask cron active last_due_at job_id last_run_at failure made_by created_at deleted_at"
    ),
    "seen_groups": "group_sha256 seen_at",
    "servers": "id name version started_at beat",
    "sessions": "secret_sha256 user_id epoch created_at active_at waits place",
    "sign_in_attempts": "kind key_sha256 failures last_at locked_until",
    "sign_in_notices": "id user_id at words",
    "stop_switches": "id task acting set_by set_name set_at why",
    "tokens": "id user_id label secret_sha256 created_at last_used_at revoked_at scopes expires_at",
    "unaided_rules": "id task percent set_by set_name created_at",
    "users": (
        "id name name_key display_name role active must_change_password session_epoch password_hash "
        "created_at last_seen_at reader_group mail review_mails review_mails_until "
        "alert_mails alert_mails_until departments departments_by_groups"
    ),
    "views": "id name name_key query made_by created_at",
}
