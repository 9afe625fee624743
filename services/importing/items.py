"""What the house keeps of an item, once its scans were read: here or on another machine."""

from __future__ import annotations

from collections.abc import Sequence

from data.records import Refusal
from services.importing.asking import Asked
from services.importing.labels import contradictions_of
from services.importing.scan_reading import FAILED, Part
from services.importing.writer import ImportWriter, ItemOutcome, Provided, scan_id_of

_GONE = "It was in the house when it was opened, and was removed since; go on with the import to read it."


class ItemKeeper:
    """Puts files of read scans into their places; called by many threads at once."""

    def __init__(self, user_id: str, writer: ImportWriter) -> None:
        self._user_id = user_id
        self._writer = writer

    def kept(self, asked: Asked, parts: Sequence[Part | Refusal]) -> ItemOutcome:
        """What became of an item, to be written; its files are kept."""
        settled = ItemOutcome(asked.item, refusals=list(asked.notes))
        settled.refusals += [part for part in parts if isinstance(part, Refusal)]
        settled.failed = any(refusal.code == FAILED for refusal in settled.refusals)
        for number, part in enumerate(part for part in parts if isinstance(part, Part)):
            self._keep(asked, part, number, settled)
        return settled

    def _keep(self, asked: Asked, part: Part, number: int, settled: ItemOutcome) -> None:
        rows, mask = asked.rows, part.mask
        contradictions = contradictions_of(asked.item, rows, mask)
        if contradictions:  # neither the label nor the mask is known to be the truth
            settled.refusals += contradictions
            rows, mask = (), None
        if part.said is None:
            known = self._writer.known(part.decoded)
            if known is None:
                settled.failed = True
                settled.refusals.append(Refusal(part.decoded.name, FAILED, _GONE))
                return
            settled.known.append(known.id)
            review = self._writer.label_known(known, rows, mask)
            settled.reviews += [review] if review else []
        elif isinstance(part.said, Refusal):
            settled.failed |= part.said.code == FAILED
            settled.refusals.append(part.said)
        else:
            provided = Provided(part.decoded, part.original, mask, rows, self._user_id)
            scan_id = scan_id_of(asked.item, number)
            settled.read.append(self._writer.keep_files(scan_id, provided, part.said.routed, part.said.read))
