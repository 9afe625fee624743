"""OHIF as a hospital would serve it: its files and the PACS's DICOMweb behind one address."""

from __future__ import annotations

import io
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page, Playwright

from scripts.ohif import DIST
from tests.browser.conftest import CHROMIUM

PATIENCE_MS = 120_000
WEBGL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
NO_TOUR = "window.localStorage?.setItem('shownTours', JSON.stringify(['basicViewerTour']))"
_DICOM_WEB = "/dicom-web"
_SOURCE = {
    "friendlyName": "PACS",
    "name": "pacs",
    **dict.fromkeys(("wadoUriRoot", "qidoRoot", "wadoRoot"), _DICOM_WEB),
    "imageRendering": "wadors",
    "thumbnailRendering": "wadors",
    "singlepart": "bulkdata",
    "bulkDataURI": {"enabled": True},
    "acceptHeader": ["multipart/related; type=application/octet-stream; transfer-syntax=*"],
}
CONFIGURATION = {
    "routerBasename": None,
    **dict.fromkeys(("extensions", "modes"), ()),
    "investigationalUseDialog": {"option": "never"},
    "customizationService": {},
    "showStudyList": True,
    "maxNumberOfWebWorkers": 2,
    "defaultDataSourceName": "pacs",
    "dataSources": [
        {
            "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
            "sourceName": "pacs",
            "configuration": _SOURCE,
        }
    ],
}
"""What stands in a hospital's app-config.js; docs/integration.md shows the same data source."""


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, pacs: str, *arguments: Any) -> None:
        self._pacs = pacs
        super().__init__(*arguments, directory=str(DIST))

    def log_message(self, *_: object) -> None:
        """Serve without a line for every request."""

    def end_headers(self) -> None:
        # Without these a page may not share memory with its workers, which OHIF's volumes are loaded in.
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/app-config.js":
            self._give(200, "text/javascript", f"window.config = {json.dumps(CONFIGURATION)};".encode())
        elif path.startswith(_DICOM_WEB):
            self._pass_on()
        else:
            if not (DIST / path.lstrip("/")).is_file():
                self.path = "/index.html"  # an address of a page
            super().do_GET()

    def _pass_on(self) -> None:
        headers = {name: self.headers[name] for name in ("Accept", "Host") if name in self.headers}
        request = urllib.request.Request(self._pacs + self.path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                self._give(answer.status, answer.headers["Content-Type"], answer.read())
        except urllib.error.HTTPError as error:
            self._give(error.code, error.headers["Content-Type"] or "text/plain", error.read())

    def _give(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def ohif(pacs_url: str) -> Iterator[str]:
    """The address of an OHIF on a PACS; skips the test where the viewer was not fetched."""
    if not (DIST / "index.html").is_file():
        pytest.skip("OHIF is not here: make ohif")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, pacs_url))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def chromium_with_webgl(playwright: Playwright) -> Iterator[Browser]:
    """A Chromium that draws with a graphics card simulated in software; skips the test without one."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", *WEBGL]
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
    yield browser
    browser.close()


@dataclass
class Viewer:
    """A study that is open in OHIF."""

    page: Page
    faults: list[str] = field(default_factory=list)

    def open(self, address: str, study_uid: str) -> None:
        """Open it, and wait until pictures stand."""
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda message: self._hear(message.type, message.text))
        self.page.add_init_script(NO_TOUR)
        self.page.goto(f"{address}/viewer?StudyInstanceUIDs={study_uid}")
        self.page.wait_for_selector("[data-cy=viewport-grid] canvas")
        self.page.wait_for_function("() => cornerstone.getEnabledElements().length > 0")

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" or "Error Boundary" in text:
            self.faults.append(text)

    def series(self, modality: str) -> dict[str, Any]:
        """What OHIF knows of the study's series of a modality."""
        known: dict[str, Any] = self.page.evaluate(
            """modality => {
              const { Modality, SeriesDescription, unsupported, isLoaded } =
                services.displaySetService.getActiveDisplaySets().find(set => set.Modality === modality);
              return { Modality, SeriesDescription, unsupported, isLoaded };
            }""",
            modality,
        )
        return known

    def choose(self, modality: str) -> None:
        """Open a series from the list, as a reader does."""
        description = self.series(modality)["SeriesDescription"]
        self.page.locator("[data-cy=studyBrowser-panel]").get_by_text(description, exact=True).dblclick()

    def until(self, expression: str) -> None:
        """Wait for an expression to hold."""
        self.page.wait_for_function(f"() => {expression}")

    def drawn(self) -> NDArray[np.uint8]:
        """The page as it looks: (y, x, 3)."""
        with Image.open(io.BytesIO(self.page.screenshot())) as picture:
            return np.array(picture.convert("RGB"))
