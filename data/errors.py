"""The error tree. Only `UserFacingError` and its children show their text to a person.

LightboxError
├── UserFacingError        one plain sentence, in the user's words
│   ├── RefusedScan        the file was understood and is not for us; has a `code`
│   ├── NotFound           no such scan, or not for this person
│   │   ├── Hidden         the role may not know whether it is there
│   │   └── WithdrawnScan  somebody took it back; its page says who and why
│   ├── NotAllowed         the role may not do this
│   ├── Busy               try again in a moment
│   │   ├── TrackingAway   MLflow gives no answer; its cause says why
│   │   └── Outage         disk, database or memory cannot be used right now
│   │       ├── FilesAway      the bucket of files gives no answer; its cause says why
│   │       ├── OutOfMemory
│   │       └── StorageFull
│   ├── InvalidInput       a form or request that does not fit
│   │   └── UnchangedMask  a correction that brings the AI's own mask
│   ├── HeldPicture        text may be burned into it, and no person has decided on it
│   ├── Outdated           what the person saw has changed meanwhile
│   ├── UnusableModel      a model version that cannot be loaded here
│   └── UnusableDataset    a training or evaluation folder that does not fit
├── ModelUnavailable       no version could be loaded
└── BrokenBatch            a batch came back with another length than it went in
"""

from __future__ import annotations

from data.shown_text import shown

_LONGEST = 1000
NO_SCAN = "There is no such scan."
NO_PATIENT = "There is no such patient."


class LightboxError(Exception):
    """The root of all errors that Lightbox raises on purpose."""


class UserFacingError(LightboxError):
    """An error whose text is one plain sentence that a person may read.

    Sentences repeat what somebody typed or another system answered: of that only letters are shown, and no
    more than a person reads.
    """

    def __init__(self, sentence: str) -> None:
        text = shown(sentence, lines=True)
        super().__init__(text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …")


class RefusedScan(UserFacingError):
    """A file that was understood well enough to say why it is not read.

    `code` is a short stable word for counting refusals (`not_an_image`, `colour`, ...).
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class NotFound(UserFacingError):
    """What was asked for does not exist, or not for this person."""


class Hidden(NotFound):
    """It may be there, but the person's role may not know: an attempt to look is a refusal all the same."""


class WithdrawnScan(NotFound):
    """The scan was taken back: pages show who did so and why instead of it."""


class NotAllowed(UserFacingError):
    """The person's role does not permit this."""


class Busy(UserFacingError):
    """Lightbox has too much to do right now; the same request will work later, after about `seconds`."""

    seconds = 5

    def __init__(self, sentence: str, seconds: int | None = None) -> None:
        super().__init__(sentence)
        if seconds is not None:
            self.seconds = seconds


class TrackingAway(Busy):
    """MLflow, or what lies behind it, gives no answer; `__cause__` is what it or the network said.

    Raised by `data.tracking` alone, and anew with another sentence by those who know what was wanted.
    """


class Outage(Busy):
    """Disk, database or memory cannot be used right now; `data.outages` says of which errors that is."""

    seconds = 60


class FilesAway(Outage):
    """The object store that keeps files gives no answer, or refuses us; `__cause__` is what it said."""


class OutOfMemory(Outage):
    """There is not enough memory; where it is for one thing alone, trying again does not help for ever."""


class StorageFull(Outage):
    """There is no room left on the disk."""


class TooManyRequests(UserFacingError):
    """An account sent more requests in a minute than it may; `seconds` is when to come back."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"These are too many requests in a minute; try again in {seconds} seconds.")
        self.seconds = seconds


class InvalidInput(UserFacingError):
    """A value that a person entered does not fit."""


class UnchangedMask(InvalidInput):
    """A mask that is sent as a correction is the AI's own: accepting the result says that."""


class Outdated(UserFacingError):
    """What the person had before their eyes is not what counts any more: somebody was faster."""


class HeldPicture(UserFacingError):
    """Pictures that may carry a patient's name in their pixels: they do not leave without a decision."""


class UnusableModel(UserFacingError):
    """A model version whose files are damaged, do not fit, or do not fit into memory."""


class UnusableDataset(UserFacingError):
    """A folder given to `train` or `evaluate` that cannot be used."""


class ModelUnavailable(LightboxError):
    """No model version could be loaded for a task."""


class BrokenBatch(LightboxError):
    """A model returned another number of outputs than it was given inputs."""
