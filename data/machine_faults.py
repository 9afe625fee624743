"""Which errors of the operating system say that this machine cannot go on, whatever it was given."""

from __future__ import annotations

import errno

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
"""The disk, or what may be used of it, is full."""

NOT_USABLE = frozenset({errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE, errno.ENODEV})
"""The disk cannot be written to, or not be read."""

NO_MEANS = frozenset({errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN})
"""No memory, no more open files, no more processes."""


def is_of_machine(error: BaseException) -> bool:
    """Whether this is no fault of a file that was read: the same file may be read once the machine can."""
    return isinstance(error, OSError) and error.errno in NO_ROOM | NOT_USABLE | NO_MEANS


def refuse_of_machine(error: BaseException) -> None:
    """Raises the error again where it is the machine's: no file is called damaged for that."""
    if is_of_machine(error):
        raise error
