"""What a mail about review requests says: how many scans wait, and a link.

Nothing else is in it: no patient, no answer of the AI, no reason (it may tell of the answer to somebody who
reads without the AI).
"""

from __future__ import annotations

from datetime import datetime

from data.department_wall import seen_by
from data.records import SYNTHETIC, KindCount, MailChoice, MailedReviews, MailTopic
from data.stores.review_requests import ReviewRequestStore
from services import addresses
from services.mails.mail_words import OF_NOBODY, ended
from services.mails.personal_mails import Mail


class ReviewRequestMails:
    """Mails about requests of others that nobody has answered."""

    topic = MailTopic.REVIEWS

    def __init__(self, requests: ReviewRequestStore, url: str) -> None:
        """`url` is this server's public address."""
        self._requests = requests
        self._url = url.rstrip("/")

    def write(self, choice: MailChoice, since: datetime, until: datetime) -> Mail | None:
        """The mail about requests that were made after one moment and up to another; None for none."""
        if choice.reviews is None:
            return None
        mine = choice.user.id if choice.reviews is MailedReviews.MINE else None
        with seen_by(choice.user.departments):
            count = self._requests.count(since, until, not_by=choice.user.id, assigned_to=mine)
        return mail_about(count, self._url) if count.any else None


def mail_about(count: KindCount, url: str) -> Mail:
    """A mail about so many requests; `url` is this server's address.

    Real and synthetic scans never share a number, in the subject neither.
    """
    asked, wait = [], []
    for n, made in ((count.real, ""), (count.synthetic, f"{SYNTHETIC} ")):
        if n:
            asked.append(f"1 {made}review is asked for" if n == 1 else f"{n} {made}reviews are asked for")
            wait.append(f"1 {made}scan waits" if n == 1 else f"{n} {made}scans wait")
    said = "".join(f"{words} for a review.\n" for words in wait) + (OF_NOBODY if count.synthetic else "")
    return Mail(f"Lightbox: {', '.join(asked)}", ended(f"{said}\n{url}{addresses.WORKLIST}", url))
