"""What goes wrong at the hospital's sign-in, in sentences that may be shown."""

from __future__ import annotations

from data.errors import UserFacingError

AWAY = "The hospital's sign-in does not answer at present."


class ProviderAway(UserFacingError):
    """The provider or directory gives no answer that can be used; passwords of Lightbox go on working.

    Anybody may read the sentence; `detail` is for administrators: what was asked, and what was wrong.
    """

    def __init__(self, detail: str, sentence: str = AWAY) -> None:
        super().__init__(sentence)
        self.detail = detail


class SignInRefused(UserFacingError):
    """This person, or this answer of the provider, is not let in."""


class AnswerRefused(SignInRefused):
    """An answer of the provider that did not hold: forged, old, or meant for somebody else."""
