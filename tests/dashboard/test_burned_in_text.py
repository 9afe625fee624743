"""Text in pictures on the scan's page and by the API: held with a sentence, looked at, released."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dashboard.components import burned_in_text as parts
from dashboard.pages.scan_burned_in import decide, look, show
from data.errors import InvalidInput
from data.records import Role
from services import keys
from tests.dashboard.clinic import Clinic
from tests.text_detectors import BrightText


def test_the_panel_leads_from_nothing_known_over_held_to_released(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, networks=False, text_detector=BrightText)
    ann, max_ = clinic.person(Role.CLINICIAN), clinic.person(Role.MLOPS)
    scan, screening = clinic.add_volume("u"), clinic.services.screening
    array = np.full(scan.shape, 90, np.uint8)
    array[8, 2:6, 3:17] = array[0, 2:6, 3:17] = 255
    clinic.files.put_array(keys.array(scan.id), array)

    before = show(screening, ann, scan.id)
    assert (
        "Nothing has looked" in str(before[parts.CONTENT]) and before[parts.FORM] and before[parts.LOOK] == {}
    )
    held = look(screening, ann, scan.id)
    assert "The pictures are held" in str(held[parts.CONTENT])
    assert f"/scans/{scan.id}/burned-in/8.png" in str(held[parts.CONTENT])
    assert (held[parts.FORM], held[parts.BLACK_OUT], held[parts.HOLD]) == (False, False, True)
    for_mlops = show(screening, max_, scan.id)
    assert for_mlops[parts.FORM] and "burned-in/8.png" not in str(for_mlops[parts.CONTENT])
    assert "clinicians" in str(for_mlops[parts.CONTENT])
    with pytest.raises(InvalidInput, match="Say why"):
        decide(screening, ann, scan.id, parts.RELEASE, None)
    released = decide(screening, ann, scan.id, parts.RELEASE, "The maker's name")
    said = str(released[parts.CONTENT])
    assert "The pictures were released" in said and "Dr Clinician" in said and "The maker's name" in said
    assert (released[parts.RELEASE], released[parts.HOLD]) == (True, False)
