"""Where the blobs of a scan and of a result lie in the file store."""

from __future__ import annotations


def array(scan_id: str) -> str:
    """The decoded pixels, (slices, height, width) as displayed."""
    return f"scans/{scan_id}/array.npy"


def original(scan_id: str, suffix: str) -> str:
    """The bytes as they came, identifiers removed."""
    return f"scans/{scan_id}/original{suffix}"


def thumbnail(scan_id: str) -> str:
    """A small PNG of the middle slice."""
    return f"scans/{scan_id}/thumbnail.png"


def mask(result_id: str) -> str:
    """A result's mask, as displayed."""
    return f"results/{result_id}/mask.npy.z"


def pixel_probability(result_id: str) -> str:
    """A result's probability of each pixel, 0..255, as displayed."""
    return f"results/{result_id}/pixels.npy.z"


def heatmap(result_id: str) -> str:
    """A result's heat map, 0..255, (height, width)."""
    return f"results/{result_id}/heatmap.npy.z"


def corrected_mask(review_id: str) -> str:
    """The mask that a reviewer put in the place of the model's."""
    return f"reviews/{review_id}/mask.npy.z"
