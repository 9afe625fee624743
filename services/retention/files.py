"""The files of erased scans: their own go, and what they share with others goes on without them.

Each step may be repeated: it looks at what is there, and finds nothing the second time.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from pathlib import Path

from data import removals
from data.codec import from_json, to_json
from data.database import Database
from data.errors import NotFound
from data.feature_files import read, written
from data.files import FileStore
from data.records import Erasure, ErasurePlan, Report, ReportState
from data.stores.drift import DriftReferenceStore
from data.stores.reports import ReportStore
from services import keys
from services.drift.runs import ROWS
from services.receiving.spool import Spool
from services.settings import Settings
from services.training.retraining_pack import ASK, PACK, PackAsk

MOST_REPORTS = 100_000
SHOWN = 8  # characters of a scan's id, as reports name it
WITHHELD = (
    "This report showed a patient whose data were erased, so its files were removed with them. "
    "Have it made anew."
)


class ErasedFiles:
    """Takes files out, wherever they lie."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        files: FileStore,
        forget: Callable[[], None] = lambda: None,
    ) -> None:
        """`forget` lets go of what this process remembers of drift runs."""
        self._files = files
        self._uploads = settings.home / "uploads"
        self._spool = Spool(settings.dicom_folder, settings.dicom_folder_bytes)
        self._spooled = settings.dicom_folder / "studies"
        self._references = DriftReferenceStore(database)
        self._reports = ReportStore(database)
        self._forget = forget

    def take_out(self, erasure: Erasure) -> dict[str, int]:
        """Remove what is left of an erasure's files; how many went, by place."""
        counts: Counter[str] = Counter()
        counts["files of scans and results"] = self._blobs(erasure.scan_ids, erasure.plan)
        counts["files of rehearsals"] = self._rehearsed(erasure.scan_ids)
        counts["files of uploads"] = self._uploaded(erasure.plan.upload_ids)
        counts["received instances"] = self._received(erasure.plan.series)
        counts["retraining packs"] = self._packs(set(erasure.scan_ids))
        counts["files of drift"] = self._drift(set(erasure.scan_ids), set(erasure.plan.result_ids))
        counts["reports withheld"] = self._withhold(erasure.scan_ids)
        return {name: n for name, n in counts.items() if n}

    def _blobs(self, scan_ids: Iterable[str], plan: ErasurePlan) -> int:
        folders = [f"scans/{scan_id}" for scan_id in scan_ids]
        folders += [keys.result(result_id) for result_id in plan.result_ids]
        folders += [f"reviews/{review_id}" for review_id in plan.review_ids]
        folders += [f"unaided/{reading_id}" for reading_id in plan.unaided_ids]
        return sum(self._folder(folder) for folder in folders)

    def _folder(self, prefix: str) -> int:
        n = len(self._files.keys(prefix))
        self._files.delete_all(prefix)
        return n

    def _rehearsed(self, scan_ids: Collection[str]) -> int:
        mine = [key for key in self._files.keys("rehearsals") if key.split("/")[-1].split(".")[0] in scan_ids]
        for key in mine:
            self._files.delete(key)
        return len(mine)

    def _uploaded(self, upload_ids: Iterable[str]) -> int:
        n = 0
        for upload_id in upload_ids:
            path, key = self._uploads / upload_id, keys.upload(upload_id)
            n += path.exists() or self._files.exists(key)
            removals.remove(self._uploads, path)
            self._files.delete(key)
        return n

    def _received(self, series: Iterable[tuple[str, str]]) -> int:
        n = 0
        for study, name in series:
            folder = _inside(self._spooled, study, name)
            if folder is not None and folder.is_dir():
                n += len(list(folder.iterdir()))
                removals.remove_folder(self._spooled, folder)
        return n

    def _packs(self, gone: set[str]) -> int:
        """Packs that were made with these scans: what is left of the ask stays, to be made anew."""
        n = 0
        for key in [key for key in self._files.keys("packs") if key.endswith(f"/{ASK}")]:
            pack_id = key.split("/")[-2]
            ask: PackAsk = from_json(PackAsk, self._files.get(key).decode())
            if gone & set(ask.scan_ids):
                left = tuple(scan_id for scan_id in ask.scan_ids if scan_id not in gone)
                ask = replace(ask, scan_ids=left, erased=True)
                self._files.put(key, to_json(ask).encode())
                n += 1
            # After that: who is packing looks at what was asked for once the pack lies there.
            if ask.erased:
                self._files.delete(keys.retraining_pack(pack_id, PACK))
        return n

    def _drift(self, scan_ids: set[str], result_ids: set[str]) -> int:
        """Rows of frozen references and of what runs looked at; numbers of many stay as they are."""
        n = 0
        for key in self._files.keys("drift/references"):
            content = self._without(key, scan_ids, result_ids)
            if content is not None:
                reference_id = Path(key).stem
                self._references.rewritten(
                    reference_id, len(read(content)[0]), hashlib.sha256(content).hexdigest()
                )
                self._files.put(key, content)
                n += 1
        for key in [key for key in self._files.keys("drift/runs") if key.endswith(f"/{ROWS}")]:
            content = self._without(key, scan_ids, result_ids)
            if content is not None:
                self._files.put(key, content)
                n += 1
        if n:  # one score a row, in order: they are computed anew
            for key in [key for key in self._files.keys("drift/runs") if key.endswith("/overall.npy")]:
                self._files.delete(key)
            self._forget()
        return n

    def _without(self, key: str, scan_ids: set[str], result_ids: set[str]) -> bytes | None:
        """A file of rows without those of these scans; None where it holds none."""
        frame, vectors = read(self._files.get(key))
        mine = frame.index.isin(list(result_ids))
        if "scan_id" in frame.columns:
            mine = mine | frame["scan_id"].astype(str).isin(scan_ids).to_numpy()
        if not mine.any():
            return None
        left = frame[~mine]
        for name in left.select_dtypes("category").columns:  # names that only these rows had
            left = left.assign(**{name: left[name].cat.remove_unused_categories()})
        return written(left, None if vectors is None else vectors[~mine])

    def _withhold(self, scan_ids: Iterable[str]) -> int:
        """Kept reports that name one of these scans: their pictures cannot be cut out of what is signed."""
        shown = [scan_id[:SHOWN].encode() for scan_id in scan_ids]
        n = 0
        for report in self._reports.recent(MOST_REPORTS):
            if report.state is ReportState.MADE and self._shows(report, shown):
                self._reports.withheld(report.id, WITHHELD)
                for kind in report.files or {}:
                    self._files.delete(keys.report(report.id, kind))
                n += 1
        return n

    def _shows(self, report: Report, shown: Iterable[bytes]) -> bool:
        try:
            content = self._files.get(keys.report(report.id, "json"))
        except NotFound:
            return False
        return any(each in content for each in shown)


def _inside(folder: Path, *names: str) -> Path | None:
    """The folder of these names; None where a name would lead elsewhere."""
    if any(not name or name in (".", "..") or "/" in name for name in names):
        return None
    return folder.joinpath(*names)
