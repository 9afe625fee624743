"""Which part of all numbers a board shows: as its owner has set it, or as an address asks."""

from __future__ import annotations

from data.errors import InvalidInput
from data.ledger.bands import AGES
from data.records import Board, BoardChoice
from services.addresses import BoardAddress

PERIODS = (3, 6, 12, 0)
"""Months that a board can show; 0 for all."""


def chosen(board: Board, search: str | None) -> BoardChoice:
    """What an address asks for, as the board has it where the address says nothing.

    Raises InvalidInput for a period that there is not.
    """
    if not (search or "").lstrip("?"):
        return board.choice
    address = BoardAddress.read(search)
    of = address.site, address.scanner, address.sex, address.age
    if not address.months:
        return checked_choice(BoardChoice(board.choice.months, *of))
    months = int(address.months) if address.months in {str(period) for period in PERIODS} else -1
    return checked_choice(BoardChoice(months, *of))


def checked_choice(choice: BoardChoice) -> BoardChoice:
    """The choice; raises InvalidInput for a period or an age group that there is not."""
    if choice.months not in PERIODS:
        raise InvalidInput("A board shows the last 3, 6 or 12 months, or all.")
    if choice.age and choice.age not in AGES:
        raise InvalidInput(f"There is no age group called {choice.age[:20]}.")
    return choice
