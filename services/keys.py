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


def window(scan_id: str) -> str:
    """What the file asks to be shown as black and white, as JSON; there only where it does."""
    return f"scans/{scan_id}/window.json"


def result(result_id: str) -> str:
    """Below it lies whatever is kept of a result."""
    return f"results/{result_id}"


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


def unaided_mask(reading_id: str, mask_id: str) -> str:
    """A mask that a reader drew without the AI."""
    return f"unaided/{reading_id}/{mask_id}.npy.z"


def upload(upload_id: str) -> str:
    """The bytes of an upload that wait to be opened by any of several servers."""
    return f"uploads/{upload_id}"


def last_backup() -> str:
    """When the last backup was made, where several servers are to know of it."""
    return "backups/last.json"


def report(report_id: str, kind: str) -> str:
    """A file of a report, `kind` being pdf, json or html."""
    return f"reports/{report_id}/report.{kind}"


def rehearsed_mask(rehearsal_id: str, scan_id: str, who: str) -> str:
    """What a rehearsal's "candidate" or "champion" drew on a scan."""
    return f"{rehearsal(rehearsal_id)}/{scan_id}.{who}.npy.z"


def rehearsal(rehearsal_id: str) -> str:
    """The folder of a rehearsal's masks."""
    return f"rehearsals/{rehearsal_id}"


def drift_reference(reference_id: str) -> str:
    """The frozen rows of a reference of drift."""
    return f"drift/references/{reference_id}.parquet"


def drift_run(run_id: str) -> str:
    """The folder of what came of a drift run."""
    return f"drift/runs/{run_id}"


def drift_scores(run_id: str) -> str:
    """How unlike the reference each row of a drift run is."""
    return f"{drift_run(run_id)}/overall.npy"


def retraining_pack(pack_id: str, name: str) -> str:
    """A file of a retraining pack: what was asked for, or the pack."""
    return f"packs/{pack_id}/{name}"
