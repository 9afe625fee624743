"""What a package brings that is not here, as this house keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidInput
from data.files import FileStore
from data.formats.scan_package import OpenedPackage, result_blob, review_blob
from data.packing import unpacked
from data.records import Features, Result, Review, Scan, User
from data.stores.audit import AuditLog
from data.stores.patients import PatientStore
from data.stores.results import ResultStore
from data.stores.reviews import ReviewStore
from data.stores.scans import ScanStore
from services import keys
from services.edges.checking import here, reviewed_there
from services.edges.versions import KnownVersions
from services.left_files import taken_back
from services.reading.features import measured_features

_OF_ANOTHER = "A result or review of this package is of another scan in this house."
_KEYS = {"mask": keys.mask, "pixels": keys.pixel_probability, "heatmap": keys.heatmap}


@dataclass(frozen=True)
class ArrivalStores:
    """Where what arrives is kept."""

    scans: ScanStore
    patients: PatientStore
    results: ResultStore
    reviews: ReviewStore
    files: FileStore
    audit: AuditLog


class NewContents:
    """Results and reviews that are new, the oldest first."""

    def __init__(
        self,
        stores: ArrivalStores,
        versions: KnownVersions,
        package: OpenedPackage,
        user: User,
        scan: Scan | None = None,
    ) -> None:
        """`scan` is the one that is here. Raises InvalidInput for ids that are of another scan, and Busy."""
        self.user = user
        self._stores = stores
        self._package = package
        said = package.package
        self.latest_id = said.latest_result_id
        new = [result for result in said.results if not _known(stores.results.get(result.id), scan)]
        placed = [here(result, user.display_name, versions) for result in new]
        self.results: Sequence[Result] = [result for result, _ in placed]
        self._of_known_versions = {result.id for result, known in placed if known}
        self.reviews: Sequence[Review] = [
            reviewed_there(review, user)
            for review in said.reviews
            if not _known(stores.reviews.get(review.id), scan)
        ]

    def counts(self, scan: Scan | None, latest: Result | None) -> bool:
        """Whether the edge's latest result is the scan's from now on, `latest` being what it is now.

        Only of a version that this house has; and what this house has read, or is reading, stands.
        """
        if self.latest_id not in self._of_known_versions:
            return False
        own = latest is not None and latest.provenance.read_at is None
        return not own and (scan is None or not scan.status.in_queue)

    def watched(self, scan: Scan, array: NDArray[Any]) -> Features:
        """What of the latest result is compared for drift; it has no vector, which comes with a reading."""
        result = next(result for result in self.results if result.id == self.latest_id)
        name = result_blob(result.id, "pixels")
        pixels = unpacked(self._package.blob(name)) if name in self._package.names else None
        return measured_features(scan, replace(result, scan_id=scan.id), array, pixels, None)

    @contextmanager
    def files_kept(self, scan: Scan) -> Iterator[None]:
        """Keep masks and maps; where the block fails, those that no row speaks of are taken back.

        Raises InvalidInput for one that is not of the scan's shape.
        """
        files, stores = self._stores.files, self._stores
        with ExitStack() as guarded:
            for result in self.results:
                known = partial(stores.results.get, result.id)
                guarded.enter_context(taken_back(files, keys.result(result.id), known))
            for review in self.reviews:
                guarded.enter_context(
                    taken_back(files, f"reviews/{review.id}", partial(stores.reviews.get, review.id))
                )
            for key, name in self._files():
                self._check(scan, name)
                files.put(key, self._package.blob(name))
            yield

    def _files(self) -> Iterator[tuple[str, str]]:
        """(key here, name in the package) of each mask and map."""
        for result in self.results:
            for which, key in _KEYS.items():
                if result_blob(result.id, which) in self._package.names:
                    yield key(result.id), result_blob(result.id, which)
        for review in self.reviews:
            if review.measurements is not None:
                yield keys.corrected_mask(review.id), review_blob(review.id)

    def _check(self, scan: Scan, name: str) -> None:
        which = name.rpartition("/")[2]
        shape = scan.shape[1:] if which == "heatmap" else scan.shape
        self._package.array(name, shape, np.dtype(bool if which == "mask" else np.uint8))


def _known(kept: Result | Review | None, scan: Scan | None) -> bool:
    """Whether what has this id is here. Raises InvalidInput where it is of another scan."""
    if kept is not None and (scan is None or kept.scan_id != scan.id):
        raise InvalidInput(_OF_ANOTHER)
    return kept is not None
