"""An instance that comes by C-STORE is kept as it came, and answered for."""

from __future__ import annotations

import logging
from typing import Any

from data import formats
from data.errors import RefusedScan
from services.receiving.spool import Spool

log = logging.getLogger(__name__)

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
DOES_NOT_MATCH = 0xA900  # the data set is of another SOP class or instance than announced
CANNOT_UNDERSTAND = 0xC000


def keep_instance(event: Any, spool: Spool, ae_title: str, address: str) -> int:
    """Keep the instance of pynetdicom's event, and say how that went as a status (PS3.4 B.2.3).

    Success is said of what is on the disk only. `ae_title` and `address` are who sends it.
    """
    request = event.request
    dataset, syntax = request.DataSet.getvalue(), str(event.context.transfer_syntax)
    try:
        uids = formats.uids_of(dataset, syntax)
    except RefusedScan as refused:
        log.warning("refused an instance of %s: %s", ae_title, refused)
        return CANNOT_UNDERSTAND
    announced = str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID)
    if (uids.sop_class, uids.sop_instance) != announced:
        log.warning("an instance of %s is not the one that it announced", ae_title)
        return DOES_NOT_MATCH
    try:
        spool.keep(uids, (formats.file_head(uids, syntax, ae_title, address), dataset))
    except OSError as error:
        log.error("an instance of %s could not be kept: %s", ae_title, error)
        return OUT_OF_RESOURCES
    return SUCCESS
