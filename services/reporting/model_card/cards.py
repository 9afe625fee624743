"""A version's living card: what the house fills by itself, what people wrote, and what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data import feature_files
from data.database import new_id, now
from data.errors import InvalidInput, NotFound, UserFacingError
from data.ledger.blinding import Hidden
from data.ledger.judgements import JudgementStore
from data.records import (
    NOTICE,
    VERSION,
    Alert,
    AuditEvent,
    CardStatement,
    DriftRun,
    Goal,
    ModelVersion,
    Promotion,
    RunState,
    User,
)
from data.stores.audit import AuditLog
from data.stores.card_statements import CardStatementStore
from models.task import Task
from models.weights import CARD, REFERENCE, Trained
from reports.document import Block, Chapter, Document, Paragraph, Table
from reports.markdown import blocks_of
from reports.time_words import clock, day
from reports.typesetting import pdf
from services.performance.card_words import card_words
from services.performance.cases import known
from services.permissions import Permission, require
from services.reporting.model_card.attributes import ATTRIBUTES, BY_KEY, HEADINGS, Heading, SourceAttribute
from services.reporting.model_card.filling import CardFacts, filled
from services.reporting.reports import File
from services.versions.registry import Registry

if TYPE_CHECKING:
    import pandas as pd

LONGEST = 4000
_MOST_COLUMNS = 6  # of a table on paper
SOURCES = (
    "Attributes: 45 CFR 170.315(b)(11)(iv)(B), HTI-1 (89 FR 1192). Headings: Regulation (EU) 2024/1689, "
    "Annex IV. A model card for those who decide; it claims no conformity with either."
)
_MIME = {"pdf": "application/pdf", "json": "application/json"}


@dataclass(frozen=True)
class CardEntry:
    """What a card says of an attribute; without a `text` it is missing. `author` is who wrote it."""

    attribute: SourceAttribute
    text: str | None = None
    as_of: datetime | None = None
    evidence: str = ""
    evidence_words: str = ""
    author: str | None = None


@dataclass(frozen=True)
class LivingCard:
    """All 31 attributes of a version, in the order of the rule."""

    task: str
    title: str
    version: str
    weights_sha256: str
    made_at: datetime
    entries: tuple[CardEntry, ...]

    @property
    def by_itself(self) -> int:
        """How many attributes the house filled by itself."""
        return sum(entry.text is not None and entry.author is None for entry in self.entries)

    @property
    def written(self) -> int:
        """How many a person wrote."""
        return sum(entry.author is not None for entry in self.entries)

    @property
    def missing(self) -> tuple[SourceAttribute, ...]:
        """Those that nothing is said of."""
        return tuple(entry.attribute for entry in self.entries if entry.text is None)

    def under(self, heading: Heading) -> tuple[CardEntry, ...]:
        """What is said under a heading of Annex IV."""
        said = {entry.attribute.key: entry for entry in self.entries}
        return tuple(said[key] for key in heading.attributes if said[key].text is not None)


@dataclass(frozen=True)
class CardSources:
    """Where the facts of a card come from; all are asked anew for each card."""

    judgements: JudgementStore
    goals: Callable[[str], Mapping[str, Goal]]
    drift_runs: Callable[[str], Sequence[DriftRun]]
    of_made_scans: Callable[[DriftRun], bool]
    alerts: Callable[[], Sequence[Alert]]
    promotions: Callable[[str], Sequence[Promotion]]
    feedback: Callable[[], int]
    hidden: Callable[[User | None], Hidden]


class ModelCards:
    """Composes cards, and keeps what people write on them."""

    def __init__(
        self,
        registry: Registry,
        tasks: Mapping[str, Task],
        sources: CardSources,
        statements: CardStatementStore,
        audit: AuditLog,
    ) -> None:
        self._registry = registry
        self._tasks = tasks
        self._sources = sources
        self._statements = statements
        self._audit = audit

    def versions(self) -> list[ModelVersion]:
        """The versions of which there is a card, by task, newest first."""
        return [version for task in self._tasks for version in self._registry.versions(task)]

    def of(self, task: str, version: str, user: User) -> LivingCard:
        """The card of a version as of now; raises NotAllowed and NotFound."""
        require(user, Permission.SEE_STATISTICS)
        if task not in self._tasks:
            raise NotFound("There is no such task.")
        versions = self._registry.versions(task)
        registered = next((each for each in versions if each.version == version), None)
        if registered is None:
            raise NotFound(self._registry.trouble or "There is no such version.")
        said = filled(self._facts(registered))
        written = self._statements.latest(task, version)
        entries = []
        for attribute in ATTRIBUTES:
            own, by_person = said.get(attribute.key), written.get(attribute.key)
            if own is not None:
                entry = CardEntry(attribute, own.text, own.as_of, own.evidence, own.evidence_words)
            elif by_person is not None:
                who = by_person.author_name
                entry = CardEntry(attribute, by_person.words, by_person.created_at, author=who)
            else:
                entry = CardEntry(attribute)
            entries.append(entry)
        title = self._tasks[task].words.label
        return LivingCard(task, title, version, registered.weights_sha256, now(), tuple(entries))

    def write(self, task: str, version: str, key: str, words: str, user: User) -> LivingCard:
        """Keep what a person says of an attribute that the house cannot fill by itself.

        Raises NotAllowed, NotFound and InvalidInput.
        """
        require(user, Permission.WRITE_MODEL_CARDS)
        card, text = self.of(task, version, user), words.strip()[:LONGEST]
        if key not in BY_KEY:
            raise InvalidInput("Choose what it is about.")
        if not text:
            raise InvalidInput("Write something first.")
        entry = next(entry for entry in card.entries if entry.attribute.key == key)
        if entry.text is not None and entry.author is None:
            raise InvalidInput("The house fills this by itself.")
        said = CardStatement(new_id(), task, version, key, text, user.id, user.display_name, now())
        with self._audit.together():
            self._statements.add(said)
            self._audit.record(AuditEvent(now(), user.id, "model.card", f"{task} {version}", key))
        return self.of(task, version, user)

    def file(self, task: str, version: str, kind: str, user: User) -> File:
        """The card as a file, "pdf" or "json"; raises as `of` does."""
        require(user, Permission.SEE_STATISTICS)
        if kind not in _MIME:
            raise NotFound("A model card comes as pdf or json.")
        card = self.of(task, version, user)
        content = pdf(_document(card)) if kind == "pdf" else _json(card)
        self._audit.record(AuditEvent(now(), user.id, "model.card-file", f"{task} {version}", kind))
        return File(f"model-card-{task}-{version}.{kind}", content, _MIME[kind])

    def _facts(self, version: ModelVersion) -> CardFacts:
        task, sources = self._tasks[version.name], self._sources
        trained = self._trained(version)
        judgements = sources.judgements.of(task.name, version.version, synthetic=False)
        runs = (
            run
            for run in sources.drift_runs(task.name)
            if run.state is RunState.DONE
            and run.version == version.version
            and not sources.of_made_scans(run)  # a card speaks of patients
        )
        return CardFacts(
            task=task,
            version=version,
            threshold=None if trained is None else trained.decision.threshold,
            card=card_words(_text(trained.folder / CARD)) if trained else "",
            reference=_sample(trained.folder / REFERENCE) if trained else None,
            judgements=known(judgements, sources.hidden(None)),
            goals=sources.goals(task.name),
            drift=next(runs, None),
            alerts=[alert for alert in sources.alerts() if task.name in f"{alert.cause} {alert.link}"],
            promotions=sources.promotions(task.name),
            feedback=sources.feedback(),
        )

    def _trained(self, version: ModelVersion) -> Trained | None:
        try:
            return self._registry.files(version)
        except UserFacingError:  # gone, or MLflow is away: the card says less, and names what is missing
            return None


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def _sample(file: Path) -> pd.DataFrame | None:
    return feature_files.read(file.read_bytes())[0] if file.exists() else None


def summary(card: LivingCard) -> str:
    """How much of a card is filled, in a sentence."""
    words = f"{card.by_itself} of {len(card.entries)} attributes are filled by this house itself"
    words += f", {card.written} by people" if card.written else ""
    return f"{words}, {len(card.missing)} are missing."


def _json(card: LivingCard) -> bytes:
    told: dict[str, Any] = {
        "kind": "lightbox model card",
        "task": card.task,
        "version": card.version,
        "weights_sha256": card.weights_sha256,
        "made_at": card.made_at.isoformat(timespec="seconds"),
        "lightbox": VERSION,
        "filled_by_itself": card.by_itself,
        "written_by_people": card.written,
        "missing": [attribute.name for attribute in card.missing],
        "attributes": [_plain(entry) for entry in card.entries],
        "annex_iv": [
            {
                "number": each.number,
                "heading": each.name,
                "attributes": [e.attribute.key for e in card.under(each)],
            }
            for each in HEADINGS
        ],
        "sources": SOURCES,
        "notice": NOTICE,
    }
    return (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode()


def _plain(entry: CardEntry) -> dict[str, Any]:
    attribute = entry.attribute
    return {
        "key": attribute.key,
        "number": attribute.number,
        "paragraph": attribute.paragraph,
        "category": attribute.category,
        "name": attribute.name,
        "text": entry.text,
        "as_of": None if entry.as_of is None else entry.as_of.isoformat(timespec="seconds"),
        "evidence": entry.evidence or None,
        "written_by": entry.author,
    }


def _document(card: LivingCard) -> Document:
    categories = list(dict.fromkeys(attribute.category for attribute in ATTRIBUTES))
    chapters = [Chapter("What is missing", _missing(card))]
    for category in categories:
        entries = [entry for entry in card.entries if entry.attribute.category == category]
        chapters.append(Chapter(category, [block for entry in entries for block in _blocks(entry)]))
    chapters.append(Chapter("Under the headings of Annex IV", [_headings(card)]))
    return Document(
        title=f"Model card: {card.title}, version {card.version}",
        facts={
            "Weights": card.weights_sha256,
            "Made": clock(card.made_at),
            "Filled": summary(card),
            "Sources": SOURCES,
            "Lightbox": VERSION,
        },
        chapters=chapters,
        notice=NOTICE,
    )


def _missing(card: LivingCard) -> list[Block]:
    names = [Paragraph(f"{each.number}. {each.name}", "point") for each in card.missing]
    return [Paragraph(summary(card)), *names]


def _blocks(entry: CardEntry) -> list[Block]:
    attribute = entry.attribute
    head = Paragraph(f"{attribute.number}. {attribute.name}", "heading")
    if entry.text is None or entry.as_of is None:
        return [head, Paragraph("Missing.")]
    told = [_on_paper(block) for block in blocks_of(entry.text)]
    by = f"Written by {entry.author}" if entry.author else f"From: {entry.evidence_words} ({entry.evidence})"
    return [head, *told, Paragraph(f"{by}, {day(entry.as_of)}.", "source")]


def _on_paper(block: Block) -> Block:
    """A block of an attribute's markdown; a table too wide for a page is pointed to."""
    if isinstance(block, Table) and len(block.head) > _MOST_COLUMNS:
        return Paragraph(f"A table of {len(block.rows)} rows: it stands on the card's page and in its JSON.")
    return block


def _headings(card: LivingCard) -> Block:
    rows = [
        [
            f"{each.number}. {each.name}",
            ", ".join(str(e.attribute.number) for e in card.under(each)) or "missing",
        ]
        for each in HEADINGS
    ]
    return Table(["heading", "attributes that say something of it"], rows, texts=2)
