"""What a house's pages ask about model versions: nothing going on, or a real small department."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from data.records import BRAIN_TUMOUR
from tests.services.small_models import Department

if TYPE_CHECKING:
    from tests.dashboard.house import House


def resting() -> dict[str, Any]:
    """Nobody promotes, rehearses or uploads anything; version 2 is live."""
    serving = SimpleNamespace(
        live=lambda task: "2" if task == BRAIN_TUMOUR else None, trouble=lambda task: None, look=list
    )
    promotions = SimpleNamespace(
        recent=lambda task=None, limit=50: [], gates=lambda task, versions: {}, previous=lambda task: None
    )
    rehearsals = SimpleNamespace(jobs=lambda limit=20: [])
    return {"serving": serving, "promotions": promotions, "rehearsals": rehearsals}


def moved_in(house: House, department: Department) -> None:
    """Have the house's pages show a department's versions."""
    for name in ("registry", "serving", "promotions", "rehearsals", "rehearsal_pictures", "uploads"):
        setattr(house.services.versions, name, getattr(department, name))
    house.services.reviewing.pictures = department.pictures
