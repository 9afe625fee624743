"""Every door that is tried."""

from __future__ import annotations

from tests.fuzz.doors import api, exports, labels, masks, received, replies, settings, typed, uploads, weights

ALL = (
    *uploads.DOORS, *masks.DOORS, *labels.DOORS, *settings.DOORS, *typed.DOORS, *replies.DOORS,
    *received.DOORS, *weights.DOORS, *exports.DOORS, *api.DOORS,
)  # fmt: skip
