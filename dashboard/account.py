"""Plain Flask pages: signing in and out, one's own password, sessions and API tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from flask import Flask, jsonify, render_template, request
from flask import redirect as to
from werkzeug.wrappers import Response

from dashboard.auth import SessionGuard, local_path, person
from dashboard.confirming import END_SESSIONS, given_by, takes_passkey
from dashboard.login_page import leaving_page, login_page
from data.errors import InvalidInput, UserFacingError
from data.records import MailedAlerts, MailedReviews, TokenScope, User
from services.accounts import LONGEST_TOKEN_DAYS, TOKEN_DAYS
from services.identity_providers.federated_accounts import WAY_WORDS
from services.mails.personal_mails import MAY_CHOOSE
from services.passwords import SHORTEST_PASSWORD
from services.permissions import SCOPE_WORDS, Permission, may, scope_helps
from services.readers.figures import KINDS, FigureKind, figure_words
from services.readers.watch import MEANS
from services.task_words import words_of

if TYPE_CHECKING:
    from services.assembly.container import Services

EXPIRED = (
    "You were signed out, perhaps because nobody was active for a while, because the session had lasted as "
    "long as one may, or because an administrator ended it. Please sign in again."
)
OTHERS = "others"  # in the place of a session's id: all but this one


@dataclass(frozen=True)
class OwnPanel:
    """One's own reading: by task the figures with what stands beside them, and whether the watch calls."""

    tasks: list[tuple[str, list[tuple[FigureKind, str, str]]]]
    called: bool


MailsT = TypeVar("MailsT", bound=StrEnum)
Page = str | tuple[str, int] | Response


def register(server: Flask, services: Services, guard: SessionGuard) -> None:
    """Add the routes of `/login`, `/logout`, `/account` and `/session`."""
    pages = AccountPages(services, guard)
    rule = server.add_url_rule
    rule("/login", "login", pages.login)
    rule("/login", "sign_in", pages.sign_in, methods=["POST"])
    rule("/logout", "logout", pages.logout, methods=["POST"])
    rule("/session", "session_alive", pages.alive, methods=["POST"])
    rule("/session", "session_left", pages.left)
    rule("/account", "account", pages.account)
    rule("/account/password", "password", pages.password)
    rule("/account/password", "change_password", pages.change_password, methods=["POST"])
    rule("/account/sign-out-everywhere", "everywhere", pages.everywhere, methods=["POST"])
    rule("/account/sessions", "end_sessions", pages.end_sessions, methods=["POST"])
    rule("/account/notices", "notices_read", pages.notices_read, methods=["POST"])
    rule("/account/tokens", "create_token", pages.create_token, methods=["POST"])
    rule("/account/mails", "choose_mails", pages.choose_mails, methods=["POST"])
    rule("/account/tokens/<token_id>/revoke", "revoke_token", pages.revoke_token, methods=["POST"])


class AccountPages:
    """The views; each answers one form."""

    def __init__(self, services: Services, guard: SessionGuard) -> None:
        self.accounts = services.accounts
        self.readers = services.readers
        self.mails = services.personal_mails
        self.sessions = services.sessions
        self.factors = services.second_factors
        self.ways, self.url = services.sign_in_ways, services.settings.public_url
        self.confirmation = services.retention.confirmation
        self.guard = guard

    def login(self) -> Page:
        """Show the sign-in form, or go on for somebody who is signed in already."""
        target = local_path(request.args.get("next"))
        if self.guard.signed_in():
            return to(target)
        note = EXPIRED if "expired" in request.args else ""
        return self._login_form(target, note=note)

    def sign_in(self) -> Page:
        """Check name and password and begin a session."""
        target = local_path(request.form.get("next"))
        name = request.form.get("name", "").strip()
        try:
            user = self.accounts.check(name, request.form.get("password", ""), self.guard.origin())
        except UserFacingError as error:
            return self._login_form(target, name=name, error=str(error)), 401
        if self.factors.has_any(user.id):
            return self.guard.begin_waiting(user, target)
        return self.guard.arrive(user, "password", target)

    def logout(self) -> Page:
        """End this session; one that began at the hospital's sign-in ends there, too."""
        elsewhere = self.ways.leave(self.guard.secret(), f"{self.url}/login")
        self.guard.end()
        return to("/login") if elsewhere is None else leaving_page(elsewhere)

    def alive(self) -> Page:
        """Take the page's word that a person did something: the guard notes whatever is sent."""
        return Response(status=204)

    def left(self) -> Page:
        """Say in seconds how long the session lasts if nobody is active; to ask is no activity.

        `final`: being active does not make it last longer.
        """
        left, idle = self.guard.left()
        return jsonify(left_s=left.left.total_seconds(), idle_s=idle.total_seconds(), final=left.final)

    def account(self) -> Page:
        """Show the account page."""
        return self._account()

    def password(self) -> Page:
        """Show the form for a new password."""
        self._require_password()
        return render_template("password.html", user=person(), shortest=SHORTEST_PASSWORD)

    def change_password(self) -> Page:
        """Set a new password; a first one leads on to the work."""
        self._require_password()
        user, form = person(), request.form
        if form.get("new", "") != form.get("again", ""):
            return self._password_error("The two new passwords are not the same.")
        try:
            self.accounts.change_password(user.id, form.get("old", ""), form.get("new", ""))
        except UserFacingError as error:
            return self._password_error(str(error))
        # The change may have ended all sessions; the person who made it stays signed in.
        self.guard.begin(self.accounts.user(user.id) or user)
        return to("/" if user.must_change_password else "/account?changed=1")

    def everywhere(self) -> Page:
        """End every session of this person."""
        self.accounts.sign_out_everywhere(person().id)
        self.guard.end()
        return to("/login")

    def end_sessions(self) -> Page:
        """End one of this person's sessions, or all but this one; they show once more who they are."""
        user, ended = person(), request.form.get("session", "")
        try:
            self._confirm(user, END_SESSIONS)
        except UserFacingError as error:
            return self._account(error=str(error)), 400
        if ended == OTHERS:
            self.sessions.end_others(user.id, self.guard.secret())
        else:
            self.sessions.end_of_user(user.id, ended)
        return to("/account?ended=1#sessions")

    def _confirm(self, user: User, act: str) -> None:
        form = request.form
        given = given_by(self.confirmation, user, form.get("password", ""), form.get("confirmed", ""))
        self.confirmation.confirm(user.id, given, None, act)

    def notices_read(self) -> Page:
        """Take this person's word that they have read what they were to be told."""
        self.factors.notices_read(person().id)
        return to("/")

    def choose_mails(self) -> Page:
        """Keep which mails this person gets."""
        form = request.form
        try:
            reviews = _mailed(MailedReviews, form.get("reviews"))
            alerts = _mailed(MailedAlerts, form.get("alerts"))
            self.mails.choose(person(), form.get("mail", ""), reviews=reviews, alerts=alerts)
        except UserFacingError as error:
            return self._account(error=str(error)), 400
        return to("/account?mails=1#mails")

    def create_token(self) -> Page:
        """Make a token and show its secret, this once."""
        form = request.form
        try:
            scopes = _scopes(form.getlist("scope"))
            token, secret = self.accounts.create_token(
                person().id, form.get("label", "").strip(), scopes, _days(form.get("days", ""))
            )
        except UserFacingError as error:
            return self._account(error=str(error)), 400
        return self._account(secret=secret, new_label=token.label)

    def revoke_token(self, token_id: str) -> Page:
        """Make a token useless from now on."""
        self.accounts.revoke_token(person().id, token_id)
        return to("/account#tokens")

    def _login_form(self, target: str, name: str = "", error: str = "", note: str = "") -> str:
        return login_page(self.ways, self.factors.passkeys, target, name=name, error=error, note=note)

    def _require_password(self) -> None:
        self.ways.federated.require_password(person().id, person().name)

    def _password_error(self, sentence: str) -> Page:
        given = {"user": person(), "shortest": SHORTEST_PASSWORD, "error": sentence}
        return render_template("password.html", **given), 400

    def _account(self, error: str = "", secret: str = "", new_label: str = "") -> str:
        user = person()
        tokens = [token for token in self.accounts.tokens(user.id) if token.revoked_at is None]
        scopes = {scope: words for scope, words in SCOPE_WORDS.items() if scope_helps(user, scope)}
        return render_template(
            "account.html",
            user=user,
            tokens=tokens,
            scopes=scopes,
            all_scopes=len(TokenScope),
            token_days=TOKEN_DAYS,
            longest_token_days=LONGEST_TOKEN_DAYS,
            now=datetime.now(UTC),
            sessions=self.sessions.of_user(user.id, self.guard.secret()),
            others=OTHERS,
            ended="ended" in request.args,
            factors=self.factors.of(user.id),
            confirms=END_SESSIONS if takes_passkey(self.confirmation, user) else "",
            once_more=END_SESSIONS if self.confirmation.at_provider(user.id) else "",
            notices=self.factors.notices(user.id),
            error=error,
            secret=secret,
            new_label=new_label,
            through=[WAY_WORDS[identity.way] for identity in self.ways.federated.of(user.id)],
            changed="changed" in request.args,
            chosen="mails" in request.args,
            mails=self.mails.choice(user),
            mail_topics={topic for topic, needed in MAY_CHOOSE.items() if may(user, needed)},
            mails_possible=self.mails.possible,
            mail_refused=self.mails.refused(user),
            reading=self._reading(user),
            reading_means=MEANS,
        )

    def _reading(self, user: User) -> OwnPanel | None:
        """What somebody is told of their own reading; None for who has read nothing and may not."""
        own = self.readers.figures.own(user)
        if not own and not may(user, Permission.REVIEW):
            return None
        tasks = [
            (
                words_of(each.task).label,
                [(kind, *figure_words(kind, each.figures[kind.name])) for kind in KINDS],
            )
            for each in own
        ]
        return OwnPanel(tasks, self.readers.watch.is_called(user.id))


def _scopes(words: list[str]) -> frozenset[TokenScope]:
    """What a token is to be for; raises InvalidInput for another word."""
    if not set(words) <= set(TokenScope):
        raise InvalidInput("Choose what the token may be used for.")
    return frozenset(TokenScope(word) for word in words)


def _days(word: str) -> int:
    """How long a token is to last; raises InvalidInput for what is no number."""
    if not word:
        return TOKEN_DAYS
    if not (word.isascii() and word.isdigit()):
        raise InvalidInput("Say in days how long the token is to last.")
    return int(word[:6])


def _mailed(choices: type[MailsT], word: str | None) -> MailsT | None:
    """Which mails are wanted, as the form says it; raises InvalidInput for another word."""
    if word and word not in set(choices):
        raise InvalidInput("Choose which mails you want.")
    return choices(word) if word else None
