"""Who may do what: the one table, asked by every service and shown from by every page.

`python -m services.permissions` prints docs/permissions.md from it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from data.department_wall import bound
from data.errors import Hidden, LightboxError, NotAllowed
from data.records import Role, TokenScope, User

ROLE_NAMES: Mapping[Role, str] = {
    Role.CLINICIAN: "clinician",
    Role.HEAD: "department head",
    Role.MLOPS: "MLOps",
    Role.ADMIN: "administrator",
}
_PLURALS: Mapping[Role, str] = {
    Role.CLINICIAN: "clinicians",
    Role.HEAD: "department heads",
    Role.MLOPS: "MLOps staff",
    Role.ADMIN: "administrators",
}
_MANUALS: Mapping[Role, str] = {
    Role.CLINICIAN: "clinicians",
    Role.HEAD: "department-heads",
    Role.MLOPS: "mlops",
    Role.ADMIN: "administrators",
}


class Permission(StrEnum):
    """What a role may or may not do; the value completes "... may"."""

    SEE_SCANS = "see scans"
    SEE_IDENTITY = "see who a patient is"
    SETTLE_IDENTITIES = "say whether two patients are one person"
    MOVE_SCANS = "say whose a scan is"
    SEND_SCANS = "add scans"
    BRING_FROM_EDGE = "bring what an edge has read"
    WITHDRAW_SCANS = "withdraw scans"
    READ_AGAIN = "have a scan read again"
    CANCEL_READINGS = "cancel readings"
    CANCEL_READINGS_OF_OTHERS = "cancel readings of what others sent"
    RERUN_RESULTS = "read results again and compare"
    REVIEW = "review results"
    TAKE_BACK_REVIEWS = "take back reviews"
    TAKE_BACK_REVIEWS_OF_OTHERS = "take back reviews of others"
    ASSIGN_SCANS = "assign scans"
    SET_URGENCY = "say how urgent scans are"
    ANNOTATE = "measure on scans"
    DELETE_ANNOTATIONS = "delete measurements of others"
    GIVE_FEEDBACK = "say that something is wrong with a result"
    ANSWER_FEEDBACK = "answer what people say of results"
    ASK_FOR_REVIEWS = "ask for reviews"
    WITHDRAW_REVIEW_REQUESTS = "take back requests for reviews"
    SET_UNAIDED_RULES = "say which scans are read without the AI first"
    SEE_STATISTICS = "see statistics"
    SEE_PERFORMANCE = "see performance"
    SEE_COHORT = "see cohorts"
    SEE_READERS = "see figures of single readers"
    SAVE_VIEWS = "save views"
    SEE_BOARDS = "see boards"
    MAKE_BOARDS = "make boards"
    DELETE_BOARDS_OF_OTHERS = "delete boards of others"
    SET_GOALS = "set goals"
    SET_STOP_RULES = "say whether stop rules act"
    LIFT_SUSPENSIONS = "ask for the end of a suspension"
    CONFIRM_LIFTING = "confirm the end of a suspension"
    USE_REPORTS = "have reports made"
    DELETE_REPORTS = "delete reports"
    SEE_DRIFT = "see drift"
    RUN_DRIFT = "have drift computed"
    SET_DRIFT_LIMITS = "set limits of drift"
    RELEASE_PICTURES = "release pictures with burned-in text"
    TAKE_RETRAINING_PACKS = "take retraining packs"
    RETRAIN = "have tasks retrained"
    SEE_MODELS = "see models"
    REHEARSE = "rehearse versions"
    WRITE_MODEL_CARDS = "write on model cards"
    EVALUATE_VERSIONS = "have versions read sets of scans"
    SEE_ACCEPTANCE = "see local acceptance"
    FIX_ACCEPTANCE_PROTOCOLS = "fix protocols of local acceptance"
    RUN_ACCEPTANCE_TESTS = "run acceptance tests"
    SIGN_ACCEPTANCE = "sign acceptance tests"
    REGISTER_VERSIONS = "register versions"
    PROMOTE = "promote versions"
    CONFIRM_OVERRIDES = "confirm overrides"
    DECIDE_ALERTS = "decide on alerts"
    SCHEDULE = "schedule runs"
    IMPORT = "import folders"
    SEE_RECEIVED = "see what the DICOM node received"
    SEE_REMOTE_NODES = "see remote nodes"
    MANAGE_REMOTE_NODES = "manage remote nodes"
    SEND_RESULTS = "send results to remote nodes"
    WATCH_SENDERS = "say which senders are watched"
    FETCH_PRIORS = "fetch priors"
    ERASE_PATIENTS = "erase patients"
    HOLD_PATIENTS = "place and lift legal holds"
    SET_RETENTION = "set how long data is kept"
    ADMINISTER = "administer accounts"
    MANAGE_DEPARTMENTS = "make departments"
    MOVE_BETWEEN_DEPARTMENTS = "move scans between departments"
    SEE_AUDIT = "see the audit trail"


@dataclass(frozen=True)
class Grant:
    """Who has a permission, and what it is, in one sentence."""

    roles: tuple[Role, ...]
    meaning: str


_CLINICIAN, _HEAD, _MLOPS, _ADMIN = Role.CLINICIAN, Role.HEAD, Role.MLOPS, Role.ADMIN

TABLE: Mapping[Permission, Grant] = {
    Permission.SEE_SCANS: Grant(
        (_CLINICIAN, _HEAD, _MLOPS),
        "See the worklist, scans with their pictures, results and reviews, and numbers that stand for few; "
        "for others no scan exists.",
    ),
    Permission.SEE_IDENTITY: Grant(
        (_CLINICIAN,),
        "See names, patient ids, birth dates and names of files; others see pseudonyms.",
    ),
    Permission.SETTLE_IDENTITIES: Grant(
        (_CLINICIAN,),
        "Where two patients have the same name and number, see both side by side, and merge them or keep "
        "them apart.",
    ),
    Permission.MOVE_SCANS: Grant(
        (_CLINICIAN,),
        "Give a scan whose file names nobody (NIfTI, pictures) to a patient, known or new, or another one.",
    ),
    Permission.SEND_SCANS: Grant((_CLINICIAN, _MLOPS), "Upload scans on the worklist or by the API."),
    Permission.BRING_FROM_EDGE: Grant(
        (_CLINICIAN,),
        "For the account of an edge: bring scans with their patients, the results that the edge has read and "
        "the reviews that people there have made, under the account's name.",
    ),
    Permission.WITHDRAW_SCANS: Grant(
        (_CLINICIAN, _MLOPS),
        "Take a wrong upload back with a reason, so that it counts nowhere, and restore it.",
    ),
    Permission.READ_AGAIN: Grant(
        (_CLINICIAN, _HEAD, _MLOPS), "Have a scan read whose reading has failed or was cancelled."
    ),
    Permission.CANCEL_READINGS: Grant(
        (_CLINICIAN, _MLOPS),
        "Cancel the reading of a scan that one has sent, while it waits or runs.",
    ),
    Permission.CANCEL_READINGS_OF_OTHERS: Grant(
        (_HEAD, _MLOPS), "Cancel the reading of any scan, also of what scanners sent."
    ),
    Permission.RERUN_RESULTS: Grant(
        (_CLINICIAN, _HEAD, _MLOPS),
        "Have a stored result read again from what it was made of, to see that the same comes of it.",
    ),
    Permission.REVIEW: Grant((_CLINICIAN,), "Accept, reject and correct results, or say that one is unsure."),
    Permission.TAKE_BACK_REVIEWS: Grant((_CLINICIAN, _HEAD), "Take back one's own reviews."),
    Permission.TAKE_BACK_REVIEWS_OF_OTHERS: Grant(
        (_HEAD,), "Take back anybody's reviews, and labels that came with an import."
    ),
    Permission.ASSIGN_SCANS: Grant(
        (_CLINICIAN, _HEAD),
        "Give scans to somebody who may review results (clinicians: also take them), and put them back.",
    ),
    Permission.SET_URGENCY: Grant(
        (_CLINICIAN, _HEAD), "Say that scans are critical, urgent or routine, and take that back."
    ),
    Permission.ANNOTATE: Grant(
        (_CLINICIAN,), "Draw rulers, diameters and angles on scans, and move and delete one's own."
    ),
    Permission.DELETE_ANNOTATIONS: Grant(
        (_HEAD,), "Delete rulers, diameters and angles that somebody else has drawn."
    ),
    Permission.GIVE_FEEDBACK: Grant(
        (_CLINICIAN, _HEAD, _MLOPS),
        "Say that something is wrong with a result, and see one's own messages with their answers.",
    ),
    Permission.ANSWER_FEEDBACK: Grant(
        (_MLOPS,), "See what everybody says is wrong with results, answer it and close it."
    ),
    Permission.ASK_FOR_REVIEWS: Grant(
        (_CLINICIAN, _HEAD, _MLOPS), "Ask reviewers to look at chosen scans, with a reason."
    ),
    Permission.WITHDRAW_REVIEW_REQUESTS: Grant((_HEAD, _MLOPS), "Take a request for a review back."),
    Permission.SET_UNAIDED_RULES: Grant(
        (_HEAD,), "Set, for each task, the share of new scans that is read without the AI first."
    ),
    Permission.SEE_STATISTICS: Grant(
        (_CLINICIAN, _HEAD, _MLOPS),
        "See what performance tells of the whole house: readers, stop rules, training, versions side by "
        "side, model cards; and take it away as files.",
    ),
    Permission.SEE_PERFORMANCE: Grant(
        (_CLINICIAN, _HEAD, _MLOPS),
        "See performance, counted of the scans that one may see, and take its numbers away as files.",
    ),
    Permission.SEE_COHORT: Grant(
        (_CLINICIAN, _HEAD, _MLOPS),
        "See what came, counted of the scans that one may see, and take these numbers away as files.",
    ),
    Permission.SEE_READERS: Grant(
        (_HEAD,),
        "See figures of reading by reader, under pseudonyms, and be told of acceptances that come too "
        "quickly; everybody sees their own on their account page.",
    ),
    Permission.SAVE_VIEWS: Grant(
        (_CLINICIAN, _HEAD, _MLOPS), "Save and delete views of the cohort page, for everybody."
    ),
    Permission.SEE_BOARDS: Grant(
        tuple(Role),
        "See boards that others share, and of each those numbers that the role may see where they come from.",
    ),
    Permission.MAKE_BOARDS: Grant(
        (_HEAD, _MLOPS, _ADMIN),
        "Put numbers over time together on a board, share it, and change and delete one's own.",
    ),
    Permission.DELETE_BOARDS_OF_OTHERS: Grant((_ADMIN,), "Delete a shared board of somebody else."),
    Permission.SET_GOALS: Grant((_HEAD, _MLOPS), "Set goals and alert limits of metrics."),
    Permission.SET_STOP_RULES: Grant(
        (_HEAD,), "Say whether the stop rules of a task suspend versions, or only show what they would do."
    ),
    Permission.LIFT_SUSPENSIONS: Grant(
        (_HEAD, _MLOPS), "Ask, with a reason, that a suspended version is used again."
    ),
    Permission.CONFIRM_LIFTING: Grant(
        (_HEAD,), "As the second person, confirm or refuse that a suspended version is used again."
    ),
    Permission.USE_REPORTS: Grant(
        (_CLINICIAN, _HEAD, _MLOPS), "Have reports made, and read and download those that are kept."
    ),
    Permission.DELETE_REPORTS: Grant((_HEAD, _MLOPS), "Delete a report for everybody."),
    Permission.SEE_DRIFT: Grant(
        tuple(Role), "See drift runs and their files; the scans behind them only with “see scans”."
    ),
    Permission.RUN_DRIFT: Grant(
        (_HEAD, _MLOPS, _ADMIN), "Have a drift run computed, and keep and delete references."
    ),
    Permission.SET_DRIFT_LIMITS: Grant(
        (_HEAD, _MLOPS), "Set by which distance and from when on a feature counts as drifted."
    ),
    Permission.RELEASE_PICTURES: Grant(
        # Whoever decides reads what stands there, which may be a name: only who may see names.
        (_CLINICIAN,),
        "Look at the text that was found in a scan's pictures, and release them, have it blacked out in "
        "every copy that leaves, or hold them.",
    ),
    Permission.TAKE_RETRAINING_PACKS: Grant(
        (_MLOPS,), "Have retraining packs made and fetch them: scans leave the house in them."
    ),
    Permission.RETRAIN: Grant(
        (_MLOPS,),
        "Have a task retrained here on its reviewed scans, start, decline and cancel that, and plan it.",
    ),
    Permission.SEE_MODELS: Grant(
        tuple(Role), "See model versions, rehearsals and promotions; pictures only with “see scans”."
    ),
    Permission.REHEARSE: Grant((_MLOPS,), "Have a version re-read the last scans, and cancel that."),
    Permission.WRITE_MODEL_CARDS: Grant(
        (_HEAD, _MLOPS), "Say on a version's model card, under one's name, what the house cannot know."
    ),
    Permission.EVALUATE_VERSIONS: Grant(
        (_HEAD, _MLOPS),
        "Have a version read a set of scans apart from all results (a cohort, a retraining pack, an outside "
        "set), and cancel that.",
    ),
    Permission.SEE_ACCEPTANCE: Grant(
        (_HEAD, _MLOPS, _ADMIN),
        "See protocols of local acceptance, acceptance tests and their signed records.",
    ),
    Permission.FIX_ACCEPTANCE_PROTOCOLS: Grant(
        (_HEAD,),
        "Fix, before a test, what a version must reach on a scanner, and end that acceptance is asked for.",
    ),
    Permission.RUN_ACCEPTANCE_TESTS: Grant(
        (_HEAD, _MLOPS), "Have a version read the reviewed scans of a scanner, to be accepted there."
    ),
    Permission.SIGN_ACCEPTANCE: Grant(
        (_HEAD,), "Sign what an acceptance test came to; one that passed accepts the version on the scanner."
    ),
    Permission.REGISTER_VERSIONS: Grant(
        (_MLOPS,), "Upload a version that was trained elsewhere, or make one with another threshold."
    ),
    Permission.PROMOTE: Grant(
        (_MLOPS,),
        "Promote a version, go back to the one before, name a challenger, ask for an override, and take "
        "over at once what was moved in MLflow.",
    ),
    Permission.CONFIRM_OVERRIDES: Grant(
        (_HEAD, _MLOPS, _ADMIN),
        "As the second person, confirm or refuse that a version goes live without the promotion gate's pass.",
    ),
    Permission.DECIDE_ALERTS: Grant(
        # Clinicians can do nothing about a drift or a failed run: one more thing that calls would only
        # teach them to overlook what calls.
        (_HEAD, _MLOPS, _ADMIN),
        "See alerts and the bell; acknowledge, mute and close alerts.",
    ),
    Permission.SCHEDULE: Grant(
        (_HEAD, _MLOPS, _ADMIN), "Add, change, pause, run and delete what is run periodically."
    ),
    Permission.IMPORT: Grant((_ADMIN,), "Import folders of the server's machine, and see what was not read."),
    Permission.SEE_RECEIVED: Grant(
        (_MLOPS, _ADMIN),
        "See who sends to the DICOM node, what came, and why a study was refused; no patient, no picture.",
    ),
    Permission.SEE_REMOTE_NODES: Grant(
        (_MLOPS, _ADMIN),
        "See which other systems Lightbox talks to, what is sent there by which rules, and whether it "
        "arrives; no patient, no picture.",
    ),
    Permission.MANAGE_REMOTE_NODES: Grant(
        (_ADMIN,),
        "Add, change, test and remove the other systems that Lightbox talks to, and say which results go "
        "there by themselves.",
    ),
    Permission.SEND_RESULTS: Grant(
        (_CLINICIAN,), "Send a scan's result to a remote node by hand, under the patient's name."
    ),
    Permission.WATCH_SENDERS: Grant(
        (_ADMIN,), "Say that a sender is retired, or that its silence calls nobody until a time."
    ),
    Permission.FETCH_PRIORS: Grant(
        (_CLINICIAN,), "Have earlier studies of a patient fetched from a PACS, and see what is fetched."
    ),
    Permission.ERASE_PATIENTS: Grant(
        (_ADMIN,),
        "Find a patient by name, number or pseudonym, see how much is kept of them and where, and erase it "
        "for good; no picture.",
    ),
    Permission.HOLD_PATIENTS: Grant(
        (_ADMIN,),
        "Say that nothing of a patient may be erased, with a reason, and end that.",
    ),
    Permission.SET_RETENTION: Grant(
        (_HEAD, _ADMIN),
        "Set after which time scans and what was refused are erased by themselves, and see what that would "
        "come to; holds and erasures by pseudonym.",
    ),
    Permission.ADMINISTER: Grant(
        (_ADMIN,),
        "Create accounts, set roles, reset passwords, remove lost second factors, end sessions and tokens, "
        "switch accounts on and off, and link them with the hospital's accounts.",
    ),
    Permission.MANAGE_DEPARTMENTS: Grant(
        (_ADMIN,),
        "Make departments, say which senders, sites and people belong to each, and give scans that came "
        "before their departments.",
    ),
    Permission.MOVE_BETWEEN_DEPARTMENTS: Grant(
        (_HEAD, _ADMIN),
        "Let a scan, or all scans of a patient, be of another department, with a reason; no patient but by "
        "pseudonym, no picture.",
    ),
    Permission.SEE_AUDIT: Grant(
        (_HEAD, _ADMIN),
        "See who did what to what, and when, and take it as a file; no patient but by pseudonym, no picture.",
    ),
}


SCOPES: Mapping[TokenScope, frozenset[Permission]] = {
    TokenScope.READ: frozenset(
        {
            Permission.SEE_SCANS,
            Permission.SEE_STATISTICS,
            Permission.SEE_PERFORMANCE,
            Permission.SEE_COHORT,
            Permission.SEE_READERS,
            Permission.SEE_BOARDS,
            Permission.SEE_DRIFT,
            Permission.SEE_MODELS,
            Permission.SEE_ACCEPTANCE,
            Permission.SEE_RECEIVED,
            Permission.SEE_REMOTE_NODES,
            Permission.SEE_AUDIT,
        }
    ),
    TokenScope.IDENTITY: frozenset(
        {Permission.SEE_IDENTITY, Permission.SETTLE_IDENTITIES, Permission.MOVE_SCANS}
    ),
    TokenScope.UPLOAD: frozenset(
        {
            Permission.SEND_SCANS,
            Permission.WITHDRAW_SCANS,
            Permission.READ_AGAIN,
            Permission.CANCEL_READINGS,
            Permission.CANCEL_READINGS_OF_OTHERS,
        }
    ),
    TokenScope.REVIEW: frozenset(
        {
            Permission.REVIEW,
            Permission.TAKE_BACK_REVIEWS,
            Permission.TAKE_BACK_REVIEWS_OF_OTHERS,
            Permission.ASSIGN_SCANS,
            Permission.SET_URGENCY,
            Permission.ANNOTATE,
            Permission.DELETE_ANNOTATIONS,
            Permission.GIVE_FEEDBACK,
            Permission.ANSWER_FEEDBACK,
            Permission.ASK_FOR_REVIEWS,
            Permission.WITHDRAW_REVIEW_REQUESTS,
        }
    ),
    TokenScope.COMPUTE: frozenset(
        {
            Permission.USE_REPORTS,
            Permission.DELETE_REPORTS,
            Permission.RUN_DRIFT,
            Permission.RERUN_RESULTS,
            Permission.EVALUATE_VERSIONS,
            Permission.RUN_ACCEPTANCE_TESTS,
            Permission.TAKE_RETRAINING_PACKS,
            Permission.SAVE_VIEWS,
            Permission.MAKE_BOARDS,
        }
    ),
    TokenScope.MODELS: frozenset(
        {
            Permission.REGISTER_VERSIONS,
            Permission.PROMOTE,
            Permission.REHEARSE,
            Permission.RETRAIN,
            Permission.WRITE_MODEL_CARDS,
        }
    ),
    TokenScope.OPERATE: frozenset(
        {
            Permission.DECIDE_ALERTS,
            Permission.SCHEDULE,
            Permission.IMPORT,
            Permission.SEND_RESULTS,
            Permission.FETCH_PRIORS,
            Permission.WATCH_SENDERS,
            Permission.MANAGE_REMOTE_NODES,
            Permission.SET_DRIFT_LIMITS,
            Permission.SET_GOALS,
        }
    ),
    TokenScope.SYNC: frozenset({Permission.BRING_FROM_EDGE}),
}
"""What a token of each scope may, of what its owner may. What stands in none no token may: accounts,
signatures, second persons' confirmations, and rules that heads set."""

OF_ONE_SCAN = frozenset(
    {
        Permission.SEE_SCANS, Permission.SEE_IDENTITY, Permission.MOVE_SCANS, Permission.SEND_SCANS,
        Permission.WITHDRAW_SCANS, Permission.READ_AGAIN, Permission.CANCEL_READINGS,
        Permission.CANCEL_READINGS_OF_OTHERS, Permission.RERUN_RESULTS, Permission.REVIEW,
        Permission.TAKE_BACK_REVIEWS, Permission.TAKE_BACK_REVIEWS_OF_OTHERS, Permission.ASSIGN_SCANS,
        Permission.SET_URGENCY, Permission.ANNOTATE, Permission.DELETE_ANNOTATIONS, Permission.GIVE_FEEDBACK,
        Permission.ANSWER_FEEDBACK, Permission.ASK_FOR_REVIEWS, Permission.WITHDRAW_REVIEW_REQUESTS,
        Permission.SEE_COHORT, Permission.SEE_PERFORMANCE, Permission.RELEASE_PICTURES,
        Permission.SEND_RESULTS, Permission.BRING_FROM_EDGE,
    }
)  # fmt: skip
"""What somebody bound to departments may too: it is about single scans, or counts their own alone.

Everything else counts, keeps or rules the whole house, and whatever is new does until it stands here.
"""

OF_THE_HOUSE = (
    "This is about the whole house, and you see the scans of your departments: only people who belong to the "
    "whole house may {}."
)

SCOPE_WORDS: Mapping[TokenScope, str] = {
    TokenScope.READ: "see scans under pseudonyms, results and numbers",
    TokenScope.IDENTITY: "see who patients are, and say whose a scan is",
    TokenScope.UPLOAD: "add and withdraw scans, and have them read",
    TokenScope.REVIEW: "review results, assign scans, and send messages on results",
    TokenScope.COMPUTE: "have reports, drift, evaluations and retraining packs made",
    TokenScope.MODELS: "register, rehearse and promote versions",
    TokenScope.OPERATE: "decide on alerts, schedules, imports, goals and remote nodes",
    TokenScope.SYNC: "bring what an edge has read: scans, results, reviews (for the edge's own account)",
}


def role_name(user: User) -> str:
    """What people call this person's role."""
    return ROLE_NAMES[user.role]


def role_names(roles: Sequence[Role]) -> str:
    """What people of these roles are called together: "clinicians and MLOps staff"."""
    return _listed([_PLURALS[role] for role in roles])


def manual_of(user: User) -> str:
    """The name of the manual that is written for a person's role, without its ending."""
    return _MANUALS[user.role]


def may(user: User, permission: Permission) -> bool:
    """Whether this person's role has the permission, and neither token nor department keeps it from them."""
    return (
        user.role in TABLE[permission].roles
        and _in_scope(user, permission)
        and not is_of_the_house(user, permission)
    )


def is_of_the_house(user: User, permission: Permission) -> bool:
    """Whether it is about the whole house, and the person is bound to departments."""
    return user.departments is not None and permission not in OF_ONE_SCAN


def _in_scope(user: User, permission: Permission) -> bool:
    return user.scopes is None or any(permission in SCOPES[scope] for scope in user.scopes)


def scope_helps(user: User, scope: TokenScope) -> bool:
    """Whether a token of this scope could do anything for this person."""
    return any(user.role in TABLE[permission].roles for permission in SCOPES[scope])


def is_of(user: User, roles: frozenset[Role]) -> bool:
    """Whether this person has one of these roles."""
    return user.role in roles


def require(user: User, permission: Permission, *, hidden: str = "") -> User:
    """The person, where the role has the permission; NotAllowed otherwise.

    With `hidden`, a sentence as "There is no such scan.", NotFound with it: what this person may not know
    of does not exist. LightboxError where what somebody bound to departments asks for is not read as theirs
    (`data.department_wall`): nothing is answered past the wall.
    """
    if user.departments is not None and bound() != user.departments:
        raise LightboxError("Somebody bound to departments asks for what is not read as theirs.")
    if may(user, permission):
        return user
    if hidden:
        raise Hidden(hidden)
    if user.role in TABLE[permission].roles and is_of_the_house(user, permission):
        raise NotAllowed(OF_THE_HOUSE.format(permission))
    if user.role in TABLE[permission].roles:
        raise NotAllowed(f"This token does not permit this: it was not made for those who {permission}.")
    who = role_names(TABLE[permission].roles)
    raise NotAllowed(f"Your role does not permit this: only {who} may {permission}.")


def to_cancel(user: User, sent_by: str) -> Permission:
    """The permission that a person needs to cancel the reading of a scan, by the id of who sent it."""
    return Permission.CANCEL_READINGS if sent_by == user.id else Permission.CANCEL_READINGS_OF_OTHERS


def manual() -> str:
    """docs/permissions.md: the table in Markdown."""
    head = ["permission", "what it is", *ROLE_NAMES.values()]
    rows = [head, ["---", "---", *(":-:" for _ in ROLE_NAMES)]]
    for permission, grant in TABLE.items():
        rows.append(
            [permission.value, grant.meaning, *("yes" if role in grant.roles else "" for role in ROLE_NAMES)]
        )
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{_HEADING}\n\n{table}\n"


_HEADING = """# Who may do what

Printed from `services/permissions.py` by `python -m services.permissions > docs/permissions.md`; change it
there. Every service asks this table itself; pages, addresses and the API answer by the same table."""


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


if __name__ == "__main__":
    sys.stdout.write(manual())
