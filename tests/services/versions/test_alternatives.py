"""Versions that ship beside the task's own: told until somebody registers them by their name."""

from __future__ import annotations

import pytest

from data.errors import InvalidInput, NotAllowed, UnusableModel
from data.records import BRAIN_TUMOUR
from models import weights
from services.versions.uploads import Alternative
from tests.services.small_models import Department


def _alternatives(house: Department) -> dict[str, Alternative]:
    return house.uploads.alternatives(BRAIN_TUMOUR, house.registry.versions(BRAIN_TUMOUR))


def test_one_that_ships_is_told_until_it_is_registered_and_serves_nobody_then(house: Department) -> None:
    folder = house.alternative(700, "resnet50")
    (told,) = _alternatives(house).values()
    assert told.metrics == {"dice": 0.8, "dice_low": 0.7, "dice_high": 0.9, "dice_n": 12.0}
    assert (told.card, told.notes) == ("# Brighter than 700\n", ("made for a test",))
    made = house.uploads.take_alternative(BRAIN_TUMOUR, "resnet50", house.ada)
    assert (made.version, made.aliases) == ("2", ())
    assert made.weights_sha256 == weights.opened(folder).sha256
    assert made.description == "Ships with Lightbox, on another network: resnet50. made for a test."
    assert house.serving.live(BRAIN_TUMOUR) == "1"
    assert _alternatives(house) == {}
    assert house.registry.files(made).facts["above"] == 700
    event = house.audit.recent(1)[0]
    assert (event.action, event.detail[:9]) == ("model.registered", "version 2")
    assert event.user_id == house.ada.id
    with pytest.raises(InvalidInput, match="registered already, as version 2"):
        house.uploads.take_alternative(BRAIN_TUMOUR, "resnet50", house.ada)


def test_it_is_registered_by_those_who_may_and_by_its_name(house: Department) -> None:
    house.alternative(700, "resnet50")
    with pytest.raises(NotAllowed):
        house.uploads.take_alternative(BRAIN_TUMOUR, "resnet50", house.bob)
    for task, name in ((BRAIN_TUMOUR, "vit"), (BRAIN_TUMOUR, ".."), ("none", "resnet50")):
        with pytest.raises(InvalidInput, match="ships for"):
            house.uploads.take_alternative(task, name, house.ada)
    assert [version.version for version in house.registry.versions(BRAIN_TUMOUR)] == ["1"]


def test_one_that_is_damaged_is_refused(house: Department) -> None:
    folder = house.alternative(700, "resnet50")
    whole = (folder / weights.WEIGHTS).read_bytes()
    (folder / weights.WEIGHTS).write_bytes(whole[:-2])
    with pytest.raises(UnusableModel):
        house.uploads.take_alternative(BRAIN_TUMOUR, "resnet50", house.ada)
    assert [version.version for version in house.registry.versions(BRAIN_TUMOUR)] == ["1"]
