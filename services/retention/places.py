"""Every place where a patient's data can be, and what becomes of it when the patient is erased.

`python -m services.retention.places > docs/erasure.md` prints the manual from it. A test walks the tables,
the keys of blobs and the home folder: what is not here fails.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.retention.kept import KEPT
from services.retention.tables_of_others import NOT_OF_PATIENTS


@dataclass(frozen=True)
class Rows:
    """A table that holds something of patients.

    Its rows go as a whole; or they stay, and then each column is either in `changed`, with what becomes of
    it, or in `kept`.
    """

    holds: str
    becomes: str = "deleted"
    changed: Mapping[str, str] = field(default_factory=dict)
    kept: str = ""

    @property
    def stays(self) -> bool:
        """Whether rows stay, so that each column has to be named."""
        return bool(self.changed or self.kept)


@dataclass(frozen=True)
class Place:
    """A kind of file, or a place outside."""

    holds: str
    becomes: str


_EMPTIED = (
    "patient_id",
    "acquired_us",
    "modality",
    "sequence",
    "scanner",
    "site",
    "sex",
    "age_years",
    "warned",
    "department_id",
    "version",
    "positive",
    "uncertain",
    "probability",
    "has_mask",
    "volume_ml",
    "longest_diameter_mm",
    "estimated_dice",
    "read_us",
    "head_row",
    "head_column",
    "verdict",
    "truth_positive",
    "dice",
    "reviewed_us",
    "assigned_to",
    "urgency",
)
TABLES: Mapping[str, Rows] = {
    "patients": Rows("names, patient numbers, birth dates, pseudonyms; also of whoever was merged into them"),
    "patient_conflicts": Rows("that two patients have one number and name"),
    "scans": Rows("what a header says, content hash, UIDs; withdrawn ones too"),
    "study_identifiers": Rows("name, numbers, birth date, referring physician, as the file wrote them"),
    "withdrawn_scans": Rows("who took a scan back, and why"),
    "results": Rows("what models said, sizes, provenance"),
    "reviews": Rows("reviews and corrections, with their comments"),
    "second_readings": Rows("that two people were asked to read a result"),
    "unaided_readings": Rows("what readers said without the AI"),
    "ai_results_seen": Rows("who was shown a result"),
    "annotations": Rows("rulers, diameters and angles"),
    "triage": Rows("who reads a scan, and how urgent it is"),
    "feedback": Rows("what people said is wrong with a result, and the answers"),
    "review_requests": Rows("that reviewers are asked to look at a scan"),
    "reruns": Rows("results that were read again"),
    "evaluation_readings": Rows(
        "what versions said of a scan in evaluations, acceptance tests among them",
        "deleted; an evaluation without any other goes with them",
    ),
    "features": Rows("what is watched for drift"),
    "embeddings": Rows("the network's vector of a scan"),
    "pixel_screenings": Rows("where text was found in pictures, by content hash"),
    "deliveries": Rows(
        "the outbox: what was sent to which system, and what waits",
        "deleted, so that nothing more is sent; the event of the audit trail names who received something",
    ),
    "prior_requests": Rows("earlier studies that were asked for"),
    "prior_series": Rows("UIDs of earlier studies"),
    "received_series": Rows(
        "UIDs of what the DICOM node received", "deleted; the same study sent again is new"
    ),
    "legal_holds": Rows("lifted holds on the patient", "deleted; the audit trail tells of them"),
    "held_scans": Rows("scans that stayed held when they were moved"),
    "ledger": Rows(
        "one narrow row a scan",
        "emptied; the number of the row stays until rows are counted anew",
        changed=dict.fromkeys(_EMPTIED, "emptied"),
        kept="line scan_id changed gone created_us task status synthetic prior",
    ),
    "uploads": Rows(
        "names of files, and what came of them",
        "deleted; one that brought other patients' scans as well stays without this one's",
        changed={
            "name": "replaced where it names the patient",
            "scan_ids": "without the erased ones",
            "known_scan_ids": "without the erased ones",
            "refusals": "replaced where they name the patient",
        },
        kept="id user_id size received state as_volume sha256 failure created_at server_id",
    ),
    "refusals": Rows(
        "names of files that were not read",
        "deleted with their upload; of others, those that name the patient are replaced",
        changed={
            "name": "replaced where it names the patient",
            "sentence": "replaced where it names the patient",
        },
        kept="id upload_id code modality scanner site created_at",
    ),
    "import_items": Rows(
        "lists of an import's files",
        "stay as numbers: how many there were",
        changed={
            "name": "replaced",
            "files": "emptied",
            "scan_ids": "without the erased ones",
            "refusals": "emptied",
            "state": "failed where it waited to be read",
        },
        kept="id import_id number stacked added known labelled refused",
    ),
    "jobs": Rows(
        "work on a scan or an upload",
        "deleted; running work is told that it counts no more",
        changed={"subject": "rows that name a scan or upload are deleted"},
        kept="id kind open_key run_id state cancel_requested progress attempts user_id failure "
        "created_at started_at "
        "finished_at work inputs size precedence server_id worked_s",
    ),
    "alerts": Rows(
        "alerts about a scan",
        "deleted where they lead to one or name a pseudonym; what was told by mail or webhook has left",
        changed={
            "link": "rows that lead to an erased scan are deleted",
            "cause": "the same",
            "sentence": "the same",
        },
        kept="id open_key severity title state times first_at last_at muted_until decided_by decided_name "
        "decided_at why closed_at tell_at tellings told_to told_at telling_failed evidence_last evidence_n "
        "end_proposed_at end_sentence permission awaits asked_by called_at synthetic",
    ),
    "reports": Rows(
        "reports that are kept",
        "one that shows or lists a scan is withheld: its files are removed, signed or not, and it says why",
        changed={"files": "emptied", "state": "failed", "failure": "says why"},
        kept="id kind title ask signed made_by made_name created_at made_at",
    ),
    "drift_references": Rows(
        "frozen sets that drift is measured against",
        "the set loses the patient's rows",
        changed={"n": "counted anew", "sha256": "of the new file"},
        kept="id name name_key task version kind query made_by created_at",
    ),
    "acceptance_tests": Rows(
        "signed records of local acceptance",
        "stay: they hold numbers of many, and random ids of scans that lead nowhere any more. "
        "Their hash stands "
        "in the audit trail, so that they cannot be changed",
        kept="id task version scanner protocol_id evaluation_id asked_by asked_name asked_at "
        "trained_on verdict "
        "content sha256 signed_by signed_name signed_at",
    ),
    "suspensions": Rows(
        "what versions were stopped for",
        "stay: counts, and random ids of scans that lead nowhere any more",
        kept="id task version scanner reason began_at since because evidence asked_by asked_name"
        " asked_at why "
        "lifted_by lifted_name lifted_at",
    ),
    "audit_events": Rows(
        "who did what to whom",
        "stay, all of them: the chain would break. They hold our own random id of a patient and "
        "of a scan, which "
        "lead nowhere any more, UIDs of what was received, pseudonyms, and words that people "
        "typed as reasons",
        kept="id at user_id action subject detail outcome patient role via address number "
        "previous key_id hash",
    ),
    "erasures": Rows(
        "what was erased, by whom and why",
        "stay: pseudonym, random ids, counts; by them what a restored backup brings back is erased once more",
        changed={"plan": "emptied once the files are gone"},
        kept="id kind pseudonym state reason asked_by asked_name asked_at finished_at "
        "patient_ids scan_ids counts "
        "note",
    ),
}

BLOBS: Mapping[str, Place] = {
    "array": Place("the pixels", "deleted"),
    "original": Place("the bytes as they came, without identifiers", "deleted"),
    "thumbnail": Place("the small picture", "deleted"),
    "window": Place("how bright the file is to be shown", "deleted"),
    "result": Place("the folder of a result", "deleted"),
    "mask": Place("a result's mask", "deleted"),
    "pixel_probability": Place("a result's probability of each pixel", "deleted"),
    "heatmap": Place("a result's heat map", "deleted"),
    "corrected_mask": Place("a corrected mask", "deleted"),
    "unaided_mask": Place("a mask that was drawn without the AI", "deleted"),
    "upload": Place(
        "bytes that wait to be opened by any of several servers",
        "deleted where the upload was the patient's alone",
    ),
    "last_backup": Place("when the last backup of several servers was made", "nothing of patients"),
    "report": Place(
        "PDF, JSON and HTML of a report, with pictures of its worst cases",
        "deleted where the report names one of the scans; numbers of many stay in all others",
    ),
    "rehearsed_mask": Place("what a rehearsal's versions drew", "deleted"),
    "rehearsal": Place("the folder of a rehearsal", "stays without the scan's masks"),
    "drift_reference": Place("frozen rows", "written anew without the scan's"),
    "drift_run": Place(
        "rows that a run looked at, its numbers and pages",
        "rows are written anew without the scan's; numbers stay",
    ),
    "drift_scores": Place("how unlike the reference each row is", "deleted where rows went; computed anew"),
    "retraining_pack": Place(
        "pictures, masks and labels of many scans",
        "deleted whole; what was asked for stays, without the scan",
    ),
}

HOME: Mapping[str, Place] = {
    "lightbox.db": Place(
        "the database (SQLite, with its -wal and -shm)", "written anew after the rows are gone"
    ),
    "files": Place("the blobs above", "as above"),
    "uploads": Place("bytes that wait to be opened", "deleted where the upload was the patient's alone"),
    "dicom": Place("what the DICOM node received", "the series' folder is deleted"),
    "open-*": Place("what is being opened at this moment", "deleted when that has ended, and at each start"),
    "import": Place(
        "folders that somebody put there to be imported",
        "**left as it is**: whoever put it there has to take it away",
    ),
    "imports": Place(
        "an import's archive laid out, and a copy of its labels", "deleted when the import has ended"
    ),
    "retraining": Place(
        "a retraining's pack, laid out, and its checkpoints",
        "begun anew without the patient; deleted when the training has ended",
    ),
    "outside": Place("labelled sets from elsewhere", "not of this house's patients; left as it is"),
    "mlflow": Place("artifacts of runs: see below", "as below"),
    "mlflow.db": Place("numbers of runs", "stays: numbers of many"),
    "models": Place("weights of versions, samples of their training data without names", "stays: see below"),
    "networks": Place("networks made ready for this machine", "nothing of patients"),
    "cache": Place("what was read from MLflow: numbers of many", "nothing of patients"),
    "jobs.db": Place("the queue's own file: random ids of jobs", "nothing of patients"),
    "server.id": Place("which of several servers this one is", "nothing of patients"),
    "secret.key": Place("the secret key", "nothing of patients"),
    "audit-*": Place("checkpoints of the audit trail", "nothing of patients"),
    "last-backup.json": Place("when the last backup was made", "nothing of patients"),
    ".removed": Place("files that go while a backup is made", "deleted when that has ended"),
}

ELSEWHERE: Mapping[str, Place] = {
    "rehearsal.json in MLflow": Place(
        "answers of a rehearsal scan by scan", "written anew without the scan's"
    ),
    "split.csv in MLflow": Place(
        "which patients of a retraining pack a version was trained on, by pseudonym",
        "the pseudonym is replaced",
    ),
    "Weights of versions": Place(
        "what a network learnt from a retraining pack",
        "stays: a picture cannot be read out of it again with any certainty, nor taken out of "
        "it. If that is not "
        "enough, train anew without the patient and withdraw the version",
    ),
    "Retraining packs that were fetched, folders of trainings": Place(
        "pictures under pseudonyms", "**not reached**: ask whoever fetched it (the audit trail says who)"
    ),
    "Other systems (PACS, FHIR, HL7)": Place(
        "results that were sent",
        "**not reached**: the page and the event name them; tell them (GDPR, article 19)",
    ),
    "Mails and webhooks": Place("alerts that were told; they hold no name", "not reached"),
    "The server's log": Place("no name, number or birth date is written there", "not reached"),
    "A syslog server": Place("copies of the audit trail", "as the audit trail: stays"),
    "People's browsers": Place(
        "drafts of corrections on the workstation, picture blocks in its cache",
        "not reached; a draft goes when the scan's page is opened again, or with the browser's data",
    ),
    "Temporary files": Place("what a retraining pack is packed in", "deleted when it is packed"),
    "Memory of running servers": Place(
        "pictures that were shown last", "cannot be asked for any more; gone at a stop"
    ),
    "Backups": Place("everything above, as it was", "**not reached**: see below"),
}

TABLES_REWRITTEN = tuple(sorted(set(TABLES) - {"audit_events", "acceptance_tests", "suspensions"}))
"""Tables that rows are deleted from or changed in."""

_HEADING = """# Erasing patients, legal holds, expiry

Printed from `services/retention/places.py` by `python -m services.retention.places > docs/erasure.md`;
change it there. For a privacy officer and whoever runs the server.

## Erasing a patient

On the page *Retention*, or by command:

```
python app.py erase-patient P-7K4MX --why WORDS [--yes]
```

Only administrators may (*erase patients* in [the table](permissions.md)); the page asks for a reason and
for the password once more. Who signs in by the hospital's accounts gives the directory's password, or signs
in at the OpenID provider anew, in another tab: that counts for this patient, for five minutes. Whose app
shows codes gives one of those (or a recovery code) beside the password. Who has a passkey may let it answer
instead, without password or code, as at the sign-in: its device looks who holds it, and the answer counts
once, for this patient, in this session, within five minutes. Wrong passwords and passkeys are counted
together ([how often](security.md#guessing-is-slowed-down)). The audit trail keeps by what it was confirmed
(*Confirmed once more before an act*). It cannot be undone.

Rows go in one transaction with the event of the audit trail, *Patient erased*: pseudonym, counts, who, why.
Then files follow, and the deleted rows are overwritten; *Erasing ended* says when nothing is left. A stop
in between loses nothing: it goes on at the next start, and is tried every minute where MLflow is away or
where work that had begun before may still write. The list on the page says what it waits for.

The audit trail keeps its events of the patient, by ids that lead nowhere any more, and its chain stays
whole. Reasons that people typed may name somebody: the page says in how many events the patient's number or
whole name stands, before erasing. They cannot be changed; they are a legal record (GDPR, article 17 (3) b
and e), which your house has to weigh. Words that somebody wrote of *another* patient's scan are not looked
through.

A patient who is sent again after that is a new one. Lightbox keeps no list by which it could refuse one:
such a list would name them.

## Legal holds

A hold on a patient, with a reason, refuses erasing and keeps expiry away, until somebody lifts it with a
reason. It covers every scan of the patient, withdrawn ones too, and what arrives later. A scan that is
given to another patient stays held; of two patients who are merged both are.

## Overwriting

SQLite: `secure_delete` is on, so that what is deleted is written over, and at the end of an erasure the
whole file is written anew (`VACUUM`) and its log emptied. That takes about as long as copying the file,
during which nobody writes. PostgreSQL: `VACUUM` makes the room of deleted rows free to be written over, at
a time of its own; its log (WAL), and archives of it, hold them longer. MariaDB and MySQL: `OPTIMIZE TABLE`
writes the tables anew; the binary log, where it is on, holds them until it expires. What a disk, a file
system with snapshots or object storage with versions keeps is theirs.

## Backups

Erased data live in backups until the last backup from before is deleted: with `backup DIR --keep 14` every
night, fourteen days. A backup is never changed, because its hashes are what it is trusted by. A restore
brings erased patients back, as what was erased after the backup is known to the newer database alone. So
each `backup` writes `erasures.jsonl` into `DIR`, beside the backups: what was erased until then. `restore`
reads it there and erases once more whatever of it came back, before the server can be started.

What was erased after the last backup, or where only a folder of its own was kept, it cannot know. Keep the
list elsewhere as well:

```
python app.py retention erasures --out FILE     # the list, whenever something was erased
python app.py retention reapply FILE            # after a restore, before the server is started
```

The list holds random ids, pseudonyms, times and reasons; no name. `reapply` says how many scans it erased."""


def manual() -> str:
    """docs/erasure.md."""
    tables = [_row(f"`{name}`", rows.holds, _becomes(rows)) for name, rows in TABLES.items()]
    blobs = [_row(f"`{name}`", place.holds, place.becomes) for name, place in BLOBS.items()]
    home = [_row(f"`{name}`", place.holds, place.becomes) for name, place in HOME.items()]
    others = [_row(name, place.holds, place.becomes) for name, place in ELSEWHERE.items()]
    none = ", ".join(f"`{name}`" for name in NOT_OF_PATIENTS)
    parts = [
        _HEADING,
        "## What is kept, and why\n\nAs the page *Retention* says it of a patient; the places one by one "
        "follow below.\n\n" + _kept(),
        "## Every place: tables\n\n" + _table("table", tables) + f"\n\nNothing of patients is in {none}.",
        "## Every place: kinds of files (`services/keys.py`)\n\n" + _table("file", blobs),
        "## Every place: the home folder\n\n" + _table("in it", home),
        "## Every place: elsewhere\n\n" + _table("where", others),
    ]
    return "\n\n".join(parts) + "\n"


def _kept() -> str:
    rows = [_row(f"**{kept.title}**", kept.holds, kept.why, kept.how_long, kept.erased) for kept in KEPT]
    head = _row("", "what of a patient", "why", "how long", "when the patient is erased")
    return "\n".join([head, _row(*["---"] * 5), *rows])


def _becomes(rows: Rows) -> str:
    if not rows.changed:
        return rows.becomes
    by: dict[str, list[str]] = {}
    for column, words in rows.changed.items():
        by.setdefault(words, []).append(f"`{column}`")
    said = "; ".join(", ".join(names) + ": " + words for words, names in by.items())
    return f"{rows.becomes} ({said})"


def _table(first: str, rows: list[str]) -> str:
    return "\n".join([_row(first, "holds", "when a patient is erased"), _row("---", "---", "---"), *rows])


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(manual())
