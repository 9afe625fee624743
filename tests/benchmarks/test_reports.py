"""What a report costs: counting, typesetting and signing, side by side."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from reports.document import Document, document_json
from reports.signing import Signer
from reports.typesetting import pdf
from services.reporting.governance import GovernanceReport
from tests.databases import migrated
from tests.reports.test_signing import certificate
from tests.services.reporting.test_governance import ASK, a_department

__all__ = ["certificate"]
SCANS = 1000

pytestmark = pytest.mark.bench


def test_a_governance_report_of_a_thousand_scans(tmp_path: Path, certificate: Path) -> None:
    engine = migrated(f"sqlite:///{tmp_path}/lightbox.db")
    sources = a_department(engine, tmp_path, SCANS)
    signer = Signer(certificate, "secret")
    pdf(Document("warm", {}, []))
    spent: dict[str, float] = {}

    def timed(name: str, work: object) -> object:
        started = time.perf_counter()
        done = work()  # type: ignore[operator]
        spent[name] = time.perf_counter() - started
        return done

    document = timed("content", lambda: GovernanceReport(sources).write(ASK, "x", lambda _: None).document)
    assert isinstance(document, Document)
    content = timed("pdf", lambda: pdf(document))
    assert isinstance(content, bytes)
    timed("signature", lambda: signer.signed(content, "x"))
    timed("json", lambda: document_json(document))
    print(f"\ngovernance report of {SCANS:,} scans, {len(content) / 1e6:.1f} MB of PDF:")
    for name, seconds in spent.items():
        print(f"  {name:10} {seconds:6.2f} s  {seconds / spent['pdf']:5.2f} of typesetting")
    engine.dispose()
