"""Status codes of C-STORE in words (PS3.4 B.2.3, PS3.7 C), which STOW-RS gives as its reasons, too."""

from __future__ import annotations

from services.remote_nodes.peer import Receipt

_DUPLICATE = 0x0111
_WARNINGS = {
    0xB000: "coercion of data elements",
    0xB006: "elements discarded",
    0xB007: "data set does not match SOP class",
}
_FAILURES = {
    0x0110: "processing failure",
    0x0117: "invalid object instance",
    0x0122: "SOP class not supported",
    0x0124: "not authorised",
    0x0210: "duplicate invocation",
    0x0211: "unrecognised operation",
    0x0212: "mistyped argument",
}
_CLASSES = {
    0xA700: "out of resources",
    0xA900: "data set does not match SOP class",
    0xC000: "cannot understand",
}


def store_receipt(status: int, comment: str = "") -> Receipt:
    """What a status says: success, a warning (it is stored), that it was there already, or a failure."""
    said = f": {comment}" if comment else ""
    code = f"0x{status:04X}"
    if status == 0:
        return Receipt(True)
    if status in _WARNINGS or status & 0xF000 == 0xB000:
        return Receipt(True, f"stored with warning {code}, {_WARNINGS.get(status, 'no reason given')}{said}")
    if status == _DUPLICATE:
        return Receipt(True, f"was there already ({code}, duplicate SOP instance)")
    words = _FAILURES.get(status) or _CLASSES.get(status & 0xFF00) or _CLASSES.get(status & 0xF000)
    return Receipt(False, f"not stored: {code}, {words or 'failure'}{said}")
