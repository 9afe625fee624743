"""Who may do what: the table, every service that asks it, and that nobody decides beside it."""

from __future__ import annotations

import ast
import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from data.database import now
from data.errors import LightboxError, NotAllowed, NotFound
from data.records import (
    BRAIN_TUMOUR,
    AcceptanceLimits,
    AnnotationKind,
    Board,
    BoardChoice,
    BoardPanel,
    BurnedInDecision,
    DriftAsk,
    EscapeReason,
    ExpiringSubject,
    FeedbackState,
    Identity,
    MailedAlerts,
    MailedReviews,
    PriorRule,
    RejectReason,
    RemoteNodeKind,
    ReportKind,
    RetrieveMethod,
    Role,
    UnaidedFinding,
    User,
    WorklistQuery,
)
from services.addresses import AuditAddress
from services.assembly.container import Services, build_services
from services.cohort.small_numbers import Audience
from services.permissions import ROLE_NAMES, TABLE, Permission, manual, may, require
from services.retention.expiry import Asked
from services.reviewing.review import DrawnMask
from services.sending.routing import RuleWanted
from services.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
LETTERS = {"C": Role.CLINICIAN, "H": Role.HEAD, "M": Role.MLOPS, "A": Role.ADMIN}
# Written down once more, by hand: a change of the table is a decision, not a slip.
MEANT = {
    Permission.SEE_SCANS: "CHM",
    Permission.SEE_IDENTITY: "C",
    Permission.SETTLE_IDENTITIES: "C",
    Permission.MOVE_SCANS: "C",
    Permission.SEND_SCANS: "CM",
    Permission.BRING_FROM_EDGE: "C",
    Permission.WITHDRAW_SCANS: "CM",
    Permission.READ_AGAIN: "CHM",
    Permission.RERUN_RESULTS: "CHM",
    Permission.CANCEL_READINGS: "CM",
    Permission.CANCEL_READINGS_OF_OTHERS: "HM",
    Permission.REVIEW: "C",
    Permission.TAKE_BACK_REVIEWS: "CH",
    Permission.TAKE_BACK_REVIEWS_OF_OTHERS: "H",
    Permission.ASSIGN_SCANS: "CH",
    Permission.SET_URGENCY: "CH",
    Permission.ANNOTATE: "C",
    Permission.DELETE_ANNOTATIONS: "H",
    Permission.GIVE_FEEDBACK: "CHM",
    Permission.ANSWER_FEEDBACK: "M",
    Permission.ASK_FOR_REVIEWS: "CHM",
    Permission.WITHDRAW_REVIEW_REQUESTS: "HM",
    Permission.SET_UNAIDED_RULES: "H",
    Permission.SEE_STATISTICS: "CHM",
    Permission.SEE_PERFORMANCE: "CHM",
    Permission.SEE_COHORT: "CHM",
    Permission.SEE_READERS: "H",
    Permission.SAVE_VIEWS: "CHM",
    Permission.SEE_BOARDS: "CHMA",
    Permission.MAKE_BOARDS: "HMA",
    Permission.DELETE_BOARDS_OF_OTHERS: "A",
    Permission.SET_GOALS: "HM",
    Permission.SET_STOP_RULES: "H",
    Permission.LIFT_SUSPENSIONS: "HM",
    Permission.CONFIRM_LIFTING: "H",
    Permission.SET_DRIFT_LIMITS: "HM",
    Permission.USE_REPORTS: "CHM",
    Permission.DELETE_REPORTS: "HM",
    Permission.SEE_DRIFT: "CHMA",
    Permission.RUN_DRIFT: "HMA",
    Permission.RELEASE_PICTURES: "C",
    Permission.TAKE_RETRAINING_PACKS: "M",
    Permission.RETRAIN: "M",
    Permission.SEE_MODELS: "CHMA",
    Permission.REHEARSE: "M",
    Permission.EVALUATE_VERSIONS: "HM",
    Permission.SEE_ACCEPTANCE: "HMA",
    Permission.FIX_ACCEPTANCE_PROTOCOLS: "H",
    Permission.RUN_ACCEPTANCE_TESTS: "HM",
    Permission.SIGN_ACCEPTANCE: "H",
    Permission.WRITE_MODEL_CARDS: "HM",
    Permission.REGISTER_VERSIONS: "M",
    Permission.PROMOTE: "M",
    Permission.CONFIRM_OVERRIDES: "HMA",
    Permission.DECIDE_ALERTS: "HMA",
    Permission.SCHEDULE: "HMA",
    Permission.IMPORT: "A",
    Permission.SEE_RECEIVED: "MA",
    Permission.SEE_REMOTE_NODES: "MA",
    Permission.MANAGE_REMOTE_NODES: "A",
    Permission.WATCH_SENDERS: "A",
    Permission.SEND_RESULTS: "C",
    Permission.FETCH_PRIORS: "C",
    Permission.ERASE_PATIENTS: "A",
    Permission.HOLD_PATIENTS: "A",
    Permission.SET_RETENTION: "HA",
    Permission.ADMINISTER: "A",
    Permission.MANAGE_DEPARTMENTS: "A",
    Permission.MOVE_BETWEEN_DEPARTMENTS: "HA",
    Permission.SEE_AUDIT: "HA",
}
NO_ID = "0" * 32
INSIDE = Audience.INSIDE
A_PANEL = BoardPanel("a", "alerts")
A_BOARD = Board(NO_ID, "A board", (), BoardChoice(), True, NO_ID, "", now(), now())
NO_RULE = PriorRule(NO_ID, RetrieveMethod.MOVE, False, 1, 1)
A_RULE = Asked(ExpiringSubject.SCANS, 0)  # of no days, which cannot be
Act = Callable[[Services, User], object]

# Of every permission what it guards. Asked for what does not exist or does not fit, so that whoever may
# changes nothing: the answer is then any other than NotAllowed.
ACTS: list[tuple[Permission, str, Act]] = [
    (Permission.MOVE_BETWEEN_DEPARTMENTS, "see", lambda s, u: s.departments.departments.overview(u)),
    (
        Permission.MOVE_BETWEEN_DEPARTMENTS,
        "move",
        lambda s, u: s.departments.departments.move(NO_ID, None, "why", u),
    ),
    (Permission.MANAGE_DEPARTMENTS, "make", lambda s, u: s.departments.departments.make("", [], [], u)),
    (
        Permission.MANAGE_DEPARTMENTS,
        "change",
        lambda s, u: s.departments.departments.change(NO_ID, "x", [], [], u),
    ),
    (Permission.MANAGE_DEPARTMENTS, "delete", lambda s, u: s.departments.departments.delete(NO_ID, u)),
    (Permission.MANAGE_DEPARTMENTS, "bind", lambda s, u: s.departments.departments.bind(NO_ID, None, u)),
    (Permission.MANAGE_DEPARTMENTS, "assign", lambda s, u: s.departments.departments.assign(1, u)),
    (Permission.SEE_BOARDS, "listed", lambda s, u: s.boards.boards.listed(u)),
    (Permission.SEE_BOARDS, "one", lambda s, u: s.boards.boards.get(NO_ID, u)),
    (Permission.SEE_BOARDS, "delete", lambda s, u: s.boards.boards.delete(NO_ID, u)),
    (Permission.SEE_BOARDS, "shown", lambda s, u: s.boards.views.of(A_BOARD, BoardChoice(), u, INSIDE)),
    (Permission.SEE_BOARDS, "file", lambda s, u: s.boards.exports.written(A_BOARD, BoardChoice(), "csv", u)),
    (Permission.MAKE_BOARDS, "make", lambda s, u: s.boards.boards.make("", u)),
    (Permission.MAKE_BOARDS, "copy", lambda s, u: s.boards.boards.copy(NO_ID, u)),
    (Permission.MAKE_BOARDS, "change", lambda s, u: s.boards.boards.change(NO_ID, "a", True, u)),
    (Permission.MAKE_BOARDS, "choose", lambda s, u: s.boards.boards.choose(NO_ID, BoardChoice(), u)),
    (Permission.MAKE_BOARDS, "add", lambda s, u: s.boards.boards.add_panel(NO_ID, A_PANEL, u)),
    (Permission.MAKE_BOARDS, "move", lambda s, u: s.boards.boards.move_panel(NO_ID, "a", 1, u)),
    (Permission.MAKE_BOARDS, "remove", lambda s, u: s.boards.boards.remove_panel(NO_ID, "a", u)),
    (Permission.DECIDE_ALERTS, "raised", lambda s, u: s.alerts.raised_since(now(), u)),
    (Permission.ERASE_PATIENTS, "search", lambda s, u: s.retention.erasing.search("", u)),
    (Permission.ERASE_PATIENTS, "holdings", lambda s, u: s.retention.erasing.holdings(NO_ID, u)),
    (Permission.ERASE_PATIENTS, "erase", lambda s, u: s.retention.erasing.erase(NO_ID, "", "", u)),
    (Permission.HOLD_PATIENTS, "place", lambda s, u: s.retention.holds.place(NO_ID, "", u)),
    (Permission.HOLD_PATIENTS, "lift", lambda s, u: s.retention.holds.lift(NO_ID, "", u)),
    (Permission.SET_RETENTION, "holds", lambda s, u: s.retention.holds.all(u)),
    (Permission.SET_RETENTION, "erased", lambda s, u: s.retention.erasing.recent(u)),
    (Permission.SET_RETENTION, "rules", lambda s, u: s.retention.expiry.rules(u)),
    (Permission.SET_RETENTION, "preview", lambda s, u: s.retention.expiry.preview(A_RULE, u)),
    (Permission.SET_RETENTION, "add", lambda s, u: s.retention.expiry.add(A_RULE, u)),
    (Permission.SET_RETENTION, "switch", lambda s, u: s.retention.expiry.switch(NO_ID, u, on=True)),
    (Permission.SET_RETENTION, "delete", lambda s, u: s.retention.expiry.delete(NO_ID, u)),
    (Permission.SEE_AUDIT, "page", lambda s, u: s.auditing.trail.page(AuditAddress(), u)),
    (Permission.SEE_AUDIT, "names", lambda s, u: s.auditing.trail.names(u)),
    (Permission.SEE_AUDIT, "export", lambda s, u: s.auditing.trail.export(AuditAddress(), "csv", u)),
    (Permission.SEE_AUDIT, "pseudonyms", lambda s, u: s.auditing.trail.pseudonyms([], u)),
    (Permission.SEE_SCANS, "worklist", lambda s, u: s.reviewing.worklist.page(WorklistQuery(), u)),
    (Permission.SETTLE_IDENTITIES, "open", lambda s, u: s.reviewing.identities.open(u)),
    (Permission.SETTLE_IDENTITIES, "of patient", lambda s, u: s.reviewing.identities.of_patient(NO_ID, u)),
    (Permission.SETTLE_IDENTITIES, "same", lambda s, u: s.reviewing.identities.same_person(NO_ID, u)),
    (Permission.SETTLE_IDENTITIES, "different", lambda s, u: s.reviewing.identities.two_people(NO_ID, u)),
    (Permission.MOVE_SCANS, "search", lambda s, u: s.reviewing.scan_patients.search("a", u)),
    (Permission.MOVE_SCANS, "give", lambda s, u: s.reviewing.scan_patients.give(NO_ID, NO_ID, u)),
    (
        Permission.MOVE_SCANS,
        "give to new",
        lambda s, u: s.reviewing.scan_patients.give_to_new(NO_ID, Identity(), u),
    ),
    (Permission.WITHDRAW_SCANS, "withdraw", lambda s, u: s.reviewing.withdrawals.withdraw(NO_ID, "", u)),
    (Permission.WITHDRAW_SCANS, "restore", lambda s, u: s.reviewing.withdrawals.restore(NO_ID, u)),
    (Permission.SEND_SCANS, "receive", lambda s, u: s.reading.intake.receive(u, "x", io.BytesIO())),
    (Permission.SEND_SCANS, "create", lambda s, u: s.reading.uploads.create(u, "x", 0)),
    (Permission.SEND_SCANS, "get", lambda s, u: s.reading.uploads.get(u, NO_ID)),
    (Permission.SEND_SCANS, "append", lambda s, u: s.reading.uploads.append(u, NO_ID, 0, io.BytesIO())),
    (Permission.SEND_SCANS, "abandon", lambda s, u: s.reading.uploads.abandon(u, NO_ID)),
    (Permission.SEND_SCANS, "recent", lambda s, u: s.reading.uploads.recent(u)),
    (Permission.BRING_FROM_EDGE, "bring", lambda s, u: s.edges.take(u, io.BytesIO())),
    (Permission.BRING_FROM_EDGE, "known of an edge's scan", lambda s, u: s.edges.known(NO_ID, u)),
    (Permission.READ_AGAIN, "request", lambda s, u: s.reading.readings.request(NO_ID, u)),
    (Permission.READ_AGAIN, "read now", lambda s, u: s.reading.readings.read_now(NO_ID, u)),
    (Permission.CANCEL_READINGS, "cancel upload", lambda s, u: s.reading.uploads.cancel(u, NO_ID)),
    (
        Permission.CANCEL_READINGS_OF_OTHERS,
        "cancel",
        lambda s, u: s.reading.cancellation.cancel(NO_ID, u),
    ),
    (Permission.REVIEW, "accept", lambda s, u: s.reviewing.reviews.accept(NO_ID, u)),
    (Permission.REVIEW, "reject", lambda s, u: s.reviewing.reviews.reject(NO_ID, u, RejectReason.MISSED)),
    (Permission.REVIEW, "unsure", lambda s, u: s.reviewing.reviews.unsure(NO_ID, u)),
    (Permission.REVIEW, "correct", lambda s, u: s.reviewing.reviews.correct(NO_ID, u, DrawnMask(b""))),
    (
        Permission.REVIEW,
        "mails about requests",
        lambda s, u: s.personal_mails.choose(u, "", reviews=MailedReviews.ALL),
    ),
    (
        Permission.DECIDE_ALERTS,
        "mails about alerts",
        lambda s, u: s.personal_mails.choose(u, "", alerts=MailedAlerts.ALL),
    ),
    (Permission.SEE_STATISTICS, "readers", lambda s, u: s.readers.figures.of_task(BRAIN_TUMOUR, u)),
    (Permission.SEE_STATISTICS, "readers as file", lambda s, u: s.readers.exports.export("x", u)),
    (Permission.SEE_STATISTICS, "readers as answer", lambda s, u: s.readers.exports.answer("x", u)),
    (Permission.SEE_READERS, "single", lambda s, u: s.readers.figures.single_readers("x", u)),
    (Permission.REVIEW, "unaided", lambda s, u: s.reviewing.unaided.ask([], u)),
    (
        Permission.REVIEW,
        "unaided mask",
        lambda s, u: s.reviewing.unaided.keep_mask(NO_ID, u, DrawnMask(b"")),
    ),
    (Permission.REVIEW, "drawn", lambda s, u: s.reviewing.unaided.mask(NO_ID, u)),
    (
        Permission.REVIEW,
        "give unaided",
        lambda s, u: s.reviewing.unaided.give(NO_ID, u, UnaidedFinding.ABSENT),
    ),
    (
        Permission.REVIEW,
        "show the result",
        lambda s, u: s.reviewing.unaided.show_result(NO_ID, u, EscapeReason.URGENT),
    ),
    (Permission.SET_UNAIDED_RULES, "set", lambda s, u: s.reviewing.unaided.set_rule(BRAIN_TUMOUR, -1, u)),
    (Permission.SEE_STATISTICS, "unaided rules", lambda s, u: s.reviewing.unaided.rules(BRAIN_TUMOUR, u)),
    (Permission.TAKE_BACK_REVIEWS, "take back", lambda s, u: s.reviewing.reviews.take_back(NO_ID, u)),
    (Permission.ASSIGN_SCANS, "take", lambda s, u: s.reviewing.triage.take([], u)),
    (Permission.ASSIGN_SCANS, "give", lambda s, u: s.reviewing.triage.give([], NO_ID, u)),
    (Permission.ASSIGN_SCANS, "put back", lambda s, u: s.reviewing.triage.put_back([], u)),
    (Permission.SET_URGENCY, "urgency", lambda s, u: s.reviewing.triage.set_urgency([], None, u)),
    (
        Permission.ANNOTATE,
        "add",
        lambda s, u: s.reviewing.annotations.add(NO_ID, u, AnnotationKind.RULER, 0, []),
    ),
    (Permission.ANNOTATE, "move", lambda s, u: s.reviewing.annotations.move(NO_ID, NO_ID, u, [])),
    (Permission.DELETE_ANNOTATIONS, "delete", lambda s, u: s.reviewing.annotations.delete(NO_ID, NO_ID, u)),
    (Permission.GIVE_FEEDBACK, "send", lambda s, u: s.feedback.send(NO_ID, u, "other", "x")),
    (Permission.GIVE_FEEDBACK, "mine", lambda s, u: s.feedback.mine(u)),
    (Permission.GIVE_FEEDBACK, "see", lambda s, u: s.feedback.see(u, [])),
    (Permission.GIVE_FEEDBACK, "waiting", lambda s, u: s.feedback.waiting(u)),
    (Permission.ANSWER_FEEDBACK, "queue", lambda s, u: s.feedback.queue(u, FeedbackState.OPEN)),
    (Permission.ANSWER_FEEDBACK, "answer", lambda s, u: s.feedback.answer(NO_ID, u, "x")),
    (Permission.ASK_FOR_REVIEWS, "ask", lambda s, u: s.reviewing.requests.ask([], "why", u)),
    (Permission.ASK_FOR_REVIEWS, "second", lambda s, u: s.reviewing.second_readings.ask([], "why", u)),
    (
        Permission.WITHDRAW_REVIEW_REQUESTS,
        "second",
        lambda s, u: s.reviewing.second_readings.withdraw(NO_ID, u),
    ),
    (Permission.SEE_STATISTICS, "agreement", lambda s, u: s.reviewing.agreement.of_task(BRAIN_TUMOUR, u)),
    (Permission.WITHDRAW_REVIEW_REQUESTS, "withdraw", lambda s, u: s.reviewing.requests.withdraw(NO_ID, u)),
    (Permission.SEE_COHORT, "cohort file", lambda s, u: s.cohort.exports.export({}, "exe", u)),
    (Permission.SEE_COHORT, "cohort numbers", lambda s, u: s.cohort.exports.numbers({}, u)),
    (Permission.SEE_COHORT, "cohorts compared", lambda s, u: s.cohort.exports.compared({}, {}, u)),
    (
        Permission.SEE_PERFORMANCE,
        "performance file",
        lambda s, u: s.performance.exports.export(s.performance.numbers.asked("", None), "exe", u),
    ),
    (
        Permission.SEE_STATISTICS,
        "cases of validation",
        lambda s, u: s.performance.details.validation_cases(s.performance.numbers.asked("", None), u),
    ),
    (
        Permission.SEE_STATISTICS,
        "Assess-AI",
        lambda s, u: s.performance.assess_ai.export(s.performance.numbers.asked("", None), u),
    ),
    (Permission.SAVE_VIEWS, "save", lambda s, u: s.cohort.views.save(" ", "", u)),
    (Permission.SAVE_VIEWS, "delete", lambda s, u: s.cohort.views.delete(NO_ID, u)),
    (
        Permission.SET_GOALS,
        "set",
        lambda s, u: s.performance.goals.set_typed(BRAIN_TUMOUR, "recall", "x", "", u),
    ),
    (
        Permission.SET_STOP_RULES,
        "switch",
        lambda s, u: s.performance.stop_rules.switch(BRAIN_TUMOUR, True, "", u),
    ),
    (
        Permission.SEE_STATISTICS,
        "stop rules",
        lambda s, u: s.performance.stop_rules.view(BRAIN_TUMOUR, "1", u),
    ),
    (
        Permission.SEE_PERFORMANCE,
        "what is suspended",
        lambda s, u: s.performance.stop_rules.suspended(BRAIN_TUMOUR, u),
    ),
    (
        Permission.LIFT_SUSPENSIONS,
        "ask to lift",
        lambda s, u: s.performance.stop_rules.ask_to_lift(NO_ID, "It is well.", u),
    ),
    (
        Permission.LIFT_SUSPENSIONS,
        "take back asking to lift",
        lambda s, u: s.performance.stop_rules.take_back(NO_ID, u),
    ),
    (
        Permission.CONFIRM_LIFTING,
        "decide",
        lambda s, u: s.performance.stop_rules.decide(NO_ID, True, u),
    ),
    (
        Permission.USE_REPORTS,
        "request",
        lambda s, u: s.reporting.request(ReportKind.DRIFT, {"run": NO_ID}, u),
    ),
    (Permission.USE_REPORTS, "file", lambda s, u: s.reporting.file(NO_ID, "pdf", u)),
    (Permission.DELETE_REPORTS, "delete", lambda s, u: s.reporting.delete(NO_ID, u)),
    (
        Permission.SET_DRIFT_LIMITS,
        "set",
        lambda s, u: s.drift.limits.set_typed(BRAIN_TUMOUR, "", "", "", "", u),
    ),
    (Permission.SET_DRIFT_LIMITS, "reset", lambda s, u: s.drift.limits.reset(BRAIN_TUMOUR, "noise", u)),
    (Permission.RUN_DRIFT, "request", lambda s, u: s.drift.runs.request(DriftAsk(BRAIN_TUMOUR, last=0), u)),
    (Permission.RUN_DRIFT, "run", lambda s, u: s.drift.runs.run_now(DriftAsk(BRAIN_TUMOUR, last=0), u)),
    (
        Permission.RUN_DRIFT,
        "freeze",
        lambda s, u: s.drift.runs.references.freeze(DriftAsk(BRAIN_TUMOUR), "", u),
    ),
    (Permission.RUN_DRIFT, "delete", lambda s, u: s.drift.runs.references.delete(NO_ID, u)),
    (
        Permission.TAKE_RETRAINING_PACKS,
        "request",
        lambda s, u: s.training.packs.request(BRAIN_TUMOUR, [], "", u),
    ),
    (Permission.TAKE_RETRAINING_PACKS, "content", lambda s, u: s.training.packs.content(NO_ID, u)),
    (Permission.SEE_MODELS, "recent", lambda s, u: s.retrainings.recent(u)),
    (Permission.SEE_MODELS, "get", lambda s, u: s.retrainings.get(NO_ID, u)),
    (Permission.RETRAIN, "request", lambda s, u: s.retrainings.request(BRAIN_TUMOUR, "why", u)),
    (Permission.RETRAIN, "start", lambda s, u: s.retrainings.start(NO_ID, u)),
    (Permission.RETRAIN, "decline", lambda s, u: s.retrainings.decline(NO_ID, "why", u)),
    (Permission.RETRAIN, "cancel", lambda s, u: s.retrainings.cancel(NO_ID, "why", u)),
    (
        Permission.WRITE_MODEL_CARDS,
        "write",
        lambda s, u: s.model_cards.write(BRAIN_TUMOUR, "9", "funding", "Nobody.", u),
    ),
    (Permission.SEE_STATISTICS, "of", lambda s, u: s.model_cards.of(BRAIN_TUMOUR, "9", u)),
    (Permission.SEE_STATISTICS, "file", lambda s, u: s.model_cards.file(BRAIN_TUMOUR, "9", "pdf", u)),
    (
        Permission.RELEASE_PICTURES,
        "decide",
        lambda s, u: s.screening.decide(NO_ID, BurnedInDecision.RELEASED, "", u),
    ),
    (Permission.RELEASE_PICTURES, "picture", lambda s, u: s.screening.picture(NO_ID, 0, u)),
    (Permission.SEE_SCANS, "text in pictures", lambda s, u: s.screening.of_scan(NO_ID, u)),
    (Permission.SEE_SCANS, "look for text", lambda s, u: s.screening.look(NO_ID, u)),
    (Permission.RERUN_RESULTS, "request", lambda s, u: s.versions.reruns.request(NO_ID, u)),
    (Permission.RERUN_RESULTS, "of_result", lambda s, u: s.versions.reruns.of_result(NO_ID, u)),
    (Permission.REHEARSE, "request", lambda s, u: s.versions.rehearsals.request(BRAIN_TUMOUR, "9", 0, u)),
    (Permission.REHEARSE, "cancel", lambda s, u: s.versions.rehearsals.cancel(NO_ID, u)),
    (
        Permission.EVALUATE_VERSIONS,
        "request",
        lambda s, u: s.evaluations.evaluations.request(BRAIN_TUMOUR, "9", "cohort", "", u),
    ),
    (Permission.EVALUATE_VERSIONS, "cancel", lambda s, u: s.evaluations.evaluations.cancel(NO_ID, u)),
    (Permission.SEE_ACCEPTANCE, "newest", lambda s, u: s.acceptance.protocols.newest(BRAIN_TUMOUR, u)),
    (Permission.SEE_ACCEPTANCE, "revisions", lambda s, u: s.acceptance.protocols.revisions(BRAIN_TUMOUR, u)),
    (Permission.SEE_ACCEPTANCE, "recent", lambda s, u: s.acceptance.tests.recent(BRAIN_TUMOUR, u)),
    (Permission.SEE_ACCEPTANCE, "view", lambda s, u: s.acceptance.tests.view(NO_ID, u)),
    (
        Permission.FIX_ACCEPTANCE_PROTOCOLS,
        "fix",
        lambda s, u: s.acceptance.protocols.fix(BRAIN_TUMOUR, AcceptanceLimits(0, 0, 0, 0), "", u),
    ),
    (
        Permission.FIX_ACCEPTANCE_PROTOCOLS,
        "end",
        lambda s, u: s.acceptance.protocols.end(BRAIN_TUMOUR, "", u),
    ),
    (
        Permission.RUN_ACCEPTANCE_TESTS,
        "begin",
        lambda s, u: s.acceptance.tests.begin(BRAIN_TUMOUR, "9", "Acme", u),
    ),
    (Permission.SIGN_ACCEPTANCE, "sign", lambda s, u: s.acceptance.tests.sign(NO_ID, "", "", u)),
    (Permission.SEE_MODELS, "get", lambda s, u: s.evaluations.evaluations.get(NO_ID, u)),
    (Permission.SEE_MODELS, "recent", lambda s, u: s.evaluations.evaluations.recent(u)),
    (Permission.SEE_MODELS, "of", lambda s, u: s.evaluations.outcomes.of(NO_ID, u)),
    (Permission.SEE_MODELS, "beside", lambda s, u: s.evaluations.outcomes.beside(NO_ID, NO_ID, u)),
    (Permission.REGISTER_VERSIONS, "take", lambda s, u: s.versions.uploads.take("none", Path(__file__), u)),
    (
        Permission.REGISTER_VERSIONS,
        "take_alternative",
        lambda s, u: s.versions.uploads.take_alternative(BRAIN_TUMOUR, "none", u),
    ),
    (
        Permission.REGISTER_VERSIONS,
        "register",
        lambda s, u: s.versions.thresholds.register("none", "1", 0.5, "x", u),
    ),
    (Permission.PROMOTE, "ask", lambda s, u: s.versions.promotions.ask(BRAIN_TUMOUR, "9", "x", u, "8")),
    (
        Permission.PROMOTE,
        "override",
        lambda s, u: s.versions.promotions.override(BRAIN_TUMOUR, "9", "x", u, "8"),
    ),
    (Permission.PROMOTE, "rollback", lambda s, u: s.versions.promotions.rollback(BRAIN_TUMOUR, "x", u)),
    (Permission.PROMOTE, "challenge", lambda s, u: s.versions.promotions.challenge("none", "9", u)),
    (Permission.CONFIRM_OVERRIDES, "confirm", lambda s, u: s.versions.promotions.confirm(NO_ID, "x", u)),
    (Permission.CONFIRM_OVERRIDES, "refuse", lambda s, u: s.versions.promotions.refuse(NO_ID, "x", u)),
    (Permission.DECIDE_ALERTS, "acknowledge", lambda s, u: s.alerts.acknowledge(NO_ID, u, "x")),
    (
        Permission.DECIDE_ALERTS,
        "mute",
        lambda s, u: s.alerts.mute(NO_ID, u, "x", now() + timedelta(hours=1)),
    ),
    (Permission.DECIDE_ALERTS, "close", lambda s, u: s.alerts.close(NO_ID, u, "x")),
    (Permission.DECIDE_ALERTS, "send_test", lambda s, u: s.alerts.send_test(u)),
    (Permission.SCHEDULE, "add", lambda s, u: s.schedules.add("none", "", "0 0 * * *", "", u)),
    (Permission.SCHEDULE, "change", lambda s, u: s.schedules.change(NO_ID, "", "0 0 * * *", u)),
    (Permission.SCHEDULE, "pause", lambda s, u: s.schedules.pause(NO_ID, u)),
    (Permission.SCHEDULE, "go on", lambda s, u: s.schedules.go_on(NO_ID, u)),
    (Permission.SCHEDULE, "run now", lambda s, u: s.schedules.run_now(NO_ID, u)),
    (Permission.SCHEDULE, "delete", lambda s, u: s.schedules.delete(NO_ID, u)),
    (Permission.SEE_RECEIVED, "overview", lambda s, u: s.receiving.received.overview(u)),
    (Permission.SEE_REMOTE_NODES, "all", lambda s, u: s.remote_nodes.all(u)),
    (Permission.SEE_REMOTE_NODES, "get", lambda s, u: s.remote_nodes.get(NO_ID, u)),
    (Permission.MANAGE_REMOTE_NODES, "add", lambda s, u: s.remote_nodes.add("", RemoteNodeKind.DICOM, {}, u)),
    (Permission.MANAGE_REMOTE_NODES, "change", lambda s, u: s.remote_nodes.change(NO_ID, "", {}, u)),
    (Permission.MANAGE_REMOTE_NODES, "remove", lambda s, u: s.remote_nodes.remove(NO_ID, u)),
    (Permission.MANAGE_REMOTE_NODES, "echo", lambda s, u: s.remote_nodes.echo(NO_ID, u)),
    (Permission.SEE_RECEIVED, "pauses", lambda s, u: s.receiving.senders.view(u)),
    (Permission.WATCH_SENDERS, "retire", lambda s, u: s.receiving.senders.retire("NOBODY", u)),
    (Permission.WATCH_SENDERS, "watch", lambda s, u: s.receiving.senders.watch("NOBODY", u)),
    (Permission.WATCH_SENDERS, "mute", lambda s, u: s.receiving.senders.mute("NOBODY", u, now())),
    (Permission.SEE_REMOTE_NODES, "rules", lambda s, u: s.sending.routing.rules(u)),
    (Permission.SEE_REMOTE_NODES, "outbox", lambda s, u: s.sending.outbox.overview(u)),
    (Permission.MANAGE_REMOTE_NODES, "rule", lambda s, u: s.sending.routing.add(RuleWanted(NO_ID), u)),
    (Permission.MANAGE_REMOTE_NODES, "delete rule", lambda s, u: s.sending.routing.delete(NO_ID, u)),
    (Permission.MANAGE_REMOTE_NODES, "again", lambda s, u: s.sending.outbox.again(NO_ID, u)),
    (Permission.MANAGE_REMOTE_NODES, "skip", lambda s, u: s.sending.outbox.skip(NO_ID, u)),
    (Permission.MANAGE_REMOTE_NODES, "hurry", lambda s, u: s.sending.outbox.hurry(u)),
    (Permission.SEND_RESULTS, "send", lambda s, u: s.sending.outbox.send(NO_ID, NO_ID, [], u)),
    (Permission.FETCH_PRIORS, "fetch", lambda s, u: s.priors.fetch("nobody", u)),
    (Permission.FETCH_PRIORS, "of patient", lambda s, u: s.priors.of_patient("nobody", u)),
    (Permission.SEE_REMOTE_NODES, "rules", lambda s, u: s.priors.rules(u)),
    (Permission.MANAGE_REMOTE_NODES, "set rule", lambda s, u: s.priors.set_rule(NO_RULE, u)),
    (Permission.MANAGE_REMOTE_NODES, "remove rule", lambda s, u: s.priors.remove_rule(NO_ID, u)),
    (Permission.IMPORT, "start below", lambda s, u: s.importing.start_below(u, "")),
    (Permission.IMPORT, "start", lambda s, u: s.importing.start(Path("/no/such/folder"), user=u)),
    (Permission.IMPORT, "pause", lambda s, u: s.importing.pause(NO_ID, u)),
    (Permission.IMPORT, "take up", lambda s, u: s.importing.take_up(NO_ID, u)),
    (Permission.ADMINISTER, "create", lambda s, u: s.accounts.create("not a name", "", Role.ADMIN, by=u)),
    (Permission.ADMINISTER, "reset", lambda s, u: s.accounts.reset_password(NO_ID, by=u)),
    (Permission.ADMINISTER, "role", lambda s, u: s.accounts.set_role(NO_ID, Role.ADMIN, by=u)),
    (Permission.ADMINISTER, "group", lambda s, u: s.accounts.set_reader_group(NO_ID, "x", by=u)),
    (Permission.ADMINISTER, "end sessions", lambda s, u: s.accounts.end_sessions(NO_ID, by=u)),
    (Permission.ADMINISTER, "tokens", lambda s, u: s.accounts.usable_tokens(u)),
    (Permission.ADMINISTER, "revoke token", lambda s, u: s.accounts.revoke_token_of_other(NO_ID, u)),
    (Permission.ADMINISTER, "who has factors", lambda s, u: s.second_factors.all(u)),
    (Permission.ADMINISTER, "reset factors", lambda s, u: s.second_factors.reset(NO_ID, by=u)),
    (Permission.ADMINISTER, "identities", lambda s, u: s.sign_in_ways.federated.all(u)),
    (Permission.ADMINISTER, "link", lambda s, u: s.sign_in_ways.federated.link(NO_ID, NO_ID, u)),
    (Permission.ADMINISTER, "own account", lambda s, u: s.sign_in_ways.federated.make_account(NO_ID, u)),
    (Permission.ADMINISTER, "unlink", lambda s, u: s.sign_in_ways.federated.unlink(NO_ID, u)),
    (Permission.ADMINISTER, "active", lambda s, u: s.accounts.set_active(NO_ID, True, by=u)),
]
# What has no verb of its own: it is read by id, and the pages and addresses ask (tests/dashboard).
ONLY_LOOKED_AT = {Permission.SEE_IDENTITY, Permission.SEE_DRIFT, Permission.SEE_MODELS}
# What is asked only of something that exists: tests/services/reviewing/test_taking_back.py,
# tests/services/boards/test_boards.py.
OF_WHAT_EXISTS = {Permission.TAKE_BACK_REVIEWS_OF_OTHERS, Permission.DELETE_BOARDS_OF_OTHERS}


def person(role: Role) -> User:
    return User(f"{role.value}-id", role.value, f"Dr {role.value}", role)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """The real ones, not started: nothing is loaded, queued work waits."""
    home = tmp_path_factory.mktemp("house")
    settings = Settings(
        home=home,
        database_url=f"sqlite:///{home / 'lightbox.db'}",
        files_url=str(home / "files"),
        tracking_uri=f"sqlite:///{home / 'mlflow.db'}",
    )
    built = build_services(settings)
    yield built
    built.close()


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_each_role_may_what_it_is_meant_to(permission: Permission, role: Role) -> None:
    meant = role in {LETTERS[letter] for letter in MEANT[permission]}
    assert may(person(role), permission) is meant
    if meant:
        assert require(person(role), permission) == person(role)
        assert require(person(role), permission, hidden="None.") == person(role)
    else:
        with pytest.raises(NotAllowed, match="^Your role does not permit this: only "):
            require(person(role), permission)
        with pytest.raises(NotFound, match=r"^There is no such scan\.$"):
            require(person(role), permission, hidden="There is no such scan.")


def test_a_refusal_says_who_may() -> None:
    with pytest.raises(NotAllowed) as refused:
        require(person(Role.ADMIN), Permission.SEND_SCANS)
    assert str(refused.value) == (
        "Your role does not permit this: only clinicians and MLOps staff may add scans."
    )


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("permission", "name", "act"), ACTS, ids=[f"{permission}: {name}" for permission, name, _ in ACTS]
)
def test_every_service_asks_by_itself(
    services: Services, permission: Permission, name: str, act: Act, role: Role
) -> None:
    try:
        act(services, person(role))
    except NotAllowed as error:
        assert str(error).endswith(f"may {permission.value}."), name
        assert role not in {LETTERS[letter] for letter in MEANT[permission]}
    except LightboxError:  # what was asked for does not exist or does not fit
        assert role in {LETTERS[letter] for letter in MEANT[permission]}
    else:
        assert role in {LETTERS[letter] for letter in MEANT[permission]}


def test_every_permission_guards_something() -> None:
    guarding = {permission for permission, _, _ in ACTS} | ONLY_LOOKED_AT | OF_WHAT_EXISTS
    assert guarding == set(Permission) == set(TABLE)


def test_a_scan_does_not_exist_for_who_may_not_see_scans(services: Services) -> None:
    with pytest.raises(NotFound, match="There is no such scan"):
        services.reviewing.scan_views.scan(NO_ID, person(Role.ADMIN))


def test_the_command_line_needs_no_role(services: Services) -> None:
    user, _ = services.accounts.create("somebody", "", Role.HEAD)
    assert services.accounts.set_role(user.id, Role.MLOPS).role is Role.MLOPS


def test_the_manual_is_printed_from_the_table() -> None:
    assert (ROOT / "docs" / "permissions.md").read_text() == manual(), (
        "run: python -m services.permissions > docs/permissions.md"
    )


def test_the_manual_has_a_row_a_permission_and_a_column_a_role() -> None:
    rows = [line.strip("|").split("|") for line in manual().splitlines() if line.startswith("| ")]
    assert [name.strip() for name in rows[0][2:]] == list(ROLE_NAMES.values())
    assert len(rows) == len(Permission) + 2
    for permission, row in zip(Permission, rows[2:], strict=True):
        yes = "".join(letter for letter, cell in zip(LETTERS, row[2:], strict=True) if cell.strip() == "yes")
        assert (row[0].strip(), yes) == (permission.value, MEANT[permission])


# --- Nobody decides beside the table ---

KNOW_ROLES = {
    "services/identity_providers/federated_accounts.py": "accounts of who comes by the hospital's sign-in",
    "services/identity_providers/groups.py": "the roles that the hospital's groups give",
    "services/commands/users.py": "accounts of the command line",
    "dashboard/pages/admin.py": "administering accounts",
    "dashboard/shell.py": "the person of the validation layout",
    "data/records/__init__.py": "the noun",
    "data/records/people.py": "the noun",
    "data/stores/users.py": "the last administrator stays",
    "services/accounts.py": "the first administrator",
    "services/permissions.py": "the table",
    "services/second_factors/second_factors.py": "of whom a second factor is asked",
    "services/settings.py": "of whom a second factor is asked",
}
# Of an event of the audit trail: the role that somebody had then, which decides nothing.
TELL_ROLES = {
    "dashboard/components/audit.py",
    "data/audit_chain.py",
    "data/stores/audit.py",
    "data/stores/audit_append.py",
    "reports/dicom_audit.py",
    "reports/fhir/audit.py",
    "services/auditing/records.py",
    "services/auditing/trail.py",
}
LOOK_AT_ROLES = {
    "dashboard/pages/admin.py",
    "dashboard/shell.py",  # the role's name in the frame
    "data/stores/users.py",
    "services/accounts.py",
    "services/identity_providers/federated_accounts.py",  # whether the groups give another one
    "services/permissions.py",
}
# Methods that are told of a person whose right they need not ask for.
NEED_NO_RIGHT = {
    "services/auditing/accesses.py: looked",
    "services/auditing/accesses.py: refused",
    "services/accounts.py: check_local",  # before anybody is signed in
    "services/sessions.py: begin",
    "services/sessions.py: begin_waiting",
    "services/second_factors/second_factors.py: missing",  # of one's own
    "services/identity_providers/ways.py: finish_oidc",  # of the person who has just signed in
    "services/identity_providers/confirmation.py: came_back",  # of one's own act
    "services/departments/departments.py: names_of",  # one's own
    "services/departments/departments.py: by_groups",  # these three ask how somebody is bound, and for nobody
    "services/department_groups.py: binds",
    "services/department_groups.py: given",
    "services/schedules/schedules.py: offers",  # only what one may plan
    "services/boards/boards.py: may_change",
    "services/boards/boards.py: may_delete",
    "services/reviewing/blinding.py: hidden",
    "services/reviewing/blinding.py: known",
    "services/reviewing/blinding.py: note_shown",
    "services/reviewing/blinding.py: of_scan",
    "services/reviewing/blinding.py: of_scans",
    "services/reviewing/blinding.py: refuse_verdict",
    "services/reviewing/blinding.py: unaided_of_scan",
    "services/reviewing/second_readings.py: refuse_the_two",
    "services/reviewing/unaided.py: may_ask",
    "services/reviewing/withdrawals.py: refuse_withdrawn",
    "services/reviewing/unaided.py: open",
    "services/alerts/alerts.py: calling",  # these ask for each alert the permission that it needs
    "services/alerts/alerts.py: get",
    "services/alerts/alerts.py: past",
    "services/alerts/alerts.py: token",
    "services/alerts/alerts.py: unfinished",
    "services/mails/personal_mails.py: choice",  # of one's own mails
    "services/mails/personal_mails.py: refused",
    "services/readers/readers.py: own",  # everybody may know how they read themselves
}


def _sources() -> list[Path]:
    packages = ("dashboard", "services", "models", "reports", "data")
    return [ROOT / "app.py", *(file for name in packages for file in sorted((ROOT / name).rglob("*.py")))]


def _place(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def test_roles_are_named_by_the_table_and_where_accounts_are_made() -> None:
    naming, looking = set(), set()
    for file in _sources():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Name | ast.alias) and _name(node) == "Role":
                naming.add(_place(file))
            if isinstance(node, ast.Attribute) and node.attr == "role":
                looking.add(_place(file))
    assert naming == set(KNOW_ROLES)
    assert looking <= LOOK_AT_ROLES | TELL_ROLES | {"services/commands/users.py"}


def _name(node: ast.Name | ast.alias) -> str:
    return node.id if isinstance(node, ast.Name) else node.name


def test_every_verb_that_is_told_of_a_person_asks_the_table() -> None:
    asked, silent = 0, set()
    for file in sorted((ROOT / "services").rglob("*.py")):
        for cls in [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ClassDef)]:
            methods = {node.name: node for node in cls.body if isinstance(node, ast.FunctionDef)}
            for name, method in methods.items():
                if name.startswith("_") or _is_protocol(cls) or not _is_told_of_a_person(method):
                    continue
                asked += 1
                if not _asks(method, methods):
                    silent.add(f"{_place(file)}: {name}")
    assert asked > 45
    assert silent == NEED_NO_RIGHT


def _is_protocol(cls: ast.ClassDef) -> bool:
    """Whether a class only says what another one does, which is asked itself."""
    return any(ast.unparse(base) == "Protocol" for base in cls.bases)


def _is_told_of_a_person(method: ast.FunctionDef) -> bool:
    given = [*method.args.args, *method.args.kwonlyargs]
    return any(
        argument.annotation and "User" in ast.unparse(argument.annotation).split(" | ") for argument in given
    )


def _asks(method: ast.FunctionDef, methods: dict[str, ast.FunctionDef]) -> bool:
    """Whether a method asks the table, or a method of its own that does."""
    for call in [node for node in ast.walk(method) if isinstance(node, ast.Call)]:
        called = ast.unparse(call.func)
        if called in ("require", "_administrator"):
            return True
        own = methods.get(called.removeprefix("self."))
        if called.startswith("self.") and own is not None and own is not method and _asks(own, methods):
            return True
    return False
