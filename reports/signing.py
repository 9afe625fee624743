"""A PDF signed with the department's certificate: any reader shows who vouches and whether it was changed."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from data.errors import InvalidInput

FIELD = "Signature"


class Signer:
    """A certificate with its key, out of a PKCS#12 file."""

    def __init__(self, certificate: Path, password: str = "") -> None:
        """Raises InvalidInput where the file cannot be read with the password."""
        from pyhanko.sign.signers import SimpleSigner

        signer = None
        if certificate.is_file():
            signer = SimpleSigner.load_pkcs12(  # type: ignore[no-untyped-call]
                str(certificate), passphrase=password.encode() or None
            )
        if signer is None:
            raise InvalidInput("The certificate that reports are to be signed with cannot be opened.")
        self._signer = signer

    @property
    def name(self) -> str:
        """Who the certificate says signs."""
        return str(self._signer.subject_name)

    def signed(self, content: bytes, reason: str) -> bytes:
        """The PDF with a signature over all of it; what was there stays byte for byte in front."""
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign.signers import PdfSignatureMetadata, sign_pdf

        writer = IncrementalPdfFileWriter(io.BytesIO(content))
        about = PdfSignatureMetadata(field_name=FIELD, reason=reason, name=self.name)
        # In a thread of its own: pyhanko starts an event loop, and the caller's thread may have one.
        with ThreadPoolExecutor(1) as apart:
            made: bytes = apart.submit(sign_pdf, writer, about, signer=self._signer).result().getvalue()
        return made
