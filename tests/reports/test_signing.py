"""A signed report can be verified, and a changed one is found out."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from data.errors import InvalidInput
from reports.document import Chapter, Document, Paragraph
from reports.signing import FIELD, Signer
from reports.typesetting import pdf


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Radiology North")])
    start = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=30))
        .add_extension(x509.KeyUsage(True, True, *[False] * 7), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificate") / "sign.p12"
    locked = serialization.BestAvailableEncryption(b"secret")
    file.write_bytes(pkcs12.serialize_key_and_certificates(b"sign", key, made, None, locked))
    return file


@pytest.fixture(scope="module")
def report() -> bytes:
    return pdf(Document("Report", {"Counted": "today"}, [Chapter("One", [Paragraph("Recall 0.93")])]))


def verified(content: bytes) -> tuple[bool, bool]:
    """Whether the signature holds, and whether it covers the whole file."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    (signature,) = PdfFileReader(io.BytesIO(content)).embedded_signatures
    assert signature.field_name == FIELD
    roots = ValidationContext(trust_roots=[signature.signer_cert], allow_fetching=False)
    with ThreadPoolExecutor(1) as apart:  # a browser test may have left an event loop in this thread
        status = apart.submit(validate_pdf_signature, signature, roots).result()
    return status.intact and status.valid, status.coverage.name == "ENTIRE_FILE"


def test_a_signed_report_can_be_verified(certificate: Path, report: bytes) -> None:
    signer = Signer(certificate, "secret")
    content = signer.signed(report, "Governance report")
    assert "Radiology North" in signer.name
    assert content.startswith(report)
    assert verified(content) == (True, True)


def test_a_changed_report_is_found_out(certificate: Path, report: bytes) -> None:
    content = bytearray(Signer(certificate, "secret").signed(report, "Governance report"))
    content[200] ^= 1
    intact, _ = verified(bytes(content))
    assert not intact


def test_it_stays_one_for_archives(certificate: Path, report: bytes) -> None:
    content = Signer(certificate, "secret").signed(report, "x")
    assert b"pdfaid:part>2</pdfaid:part" in content
    assert b"/StructTreeRoot" in content


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_password_is_said(certificate: Path, password: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be opened"):
        Signer(certificate, password)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be opened"):
        Signer(tmp_path / "none.p12")
