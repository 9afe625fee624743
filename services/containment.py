"""For threads that serve many: what one turn got wrong must not end them.

Everywhere else an error of ours goes up to whoever can show its id. Here nobody waits for it, so it
is logged with its traceback under an id, and the next turn comes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from data.database import new_id
from data.outages import outage_of

log = logging.getLogger(__name__)


def contained(turn: Callable[[], object], what: str, *told: object) -> str | None:
    """Take one turn. The id of the logged error where it went wrong, else None.

    `what` says for the log what failed, `told` goes into its %s.
    """
    try:
        turn()
    except Exception as error:  # the thread lives on for others
        error_id = new_id()[:8]
        outage = outage_of(error)
        if outage is not None:  # which comes with every turn until it is over
            log.warning("error %s: " + what + ": %s", error_id, *told, outage)
            return error_id
        log.exception("error %s: " + what, error_id, *told)
        return error_id
    return None
