"""Boards: who sees, changes and deletes which, and what a panel may ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from data.errors import InvalidInput, NotAllowed, NotFound
from data.records import BRAIN_TUMOUR, PNEUMONIA, AuditQuery, BoardChoice, BoardPanel, Role, User
from data.stores.audit import AuditLog
from data.stores.boards import BoardStore
from services.boards.boards import MOST_PANELS, Boards
from services.boards.choices import chosen
from services.boards.starting import starts
from tests.databases import migrated

RECALL = BoardPanel("", "recall", BRAIN_TUMOUR)
ALERTS = BoardPanel("", "alerts")
DRIFT = BoardPanel("", "drifted-share", BRAIN_TUMOUR)


def person(role: Role, name: str = "") -> User:
    return User(name or role.value, name or role.value, f"Dr {name or role.value}", role)


HEAD, MLOPS, ADMIN, CLINICIAN = (person(role) for role in (Role.HEAD, Role.MLOPS, Role.ADMIN, Role.CLINICIAN))


class House:
    def __init__(self, folder: Path) -> None:
        self.engine = migrated(f"sqlite:///{folder / 'boards.db'}")
        self.audit = AuditLog(self.engine)
        self.boards = Boards(BoardStore(self.engine), self.audit, (BRAIN_TUMOUR, PNEUMONIA))

    def actions(self) -> list[str]:
        return [event.action for event in self.audit.page(AuditQuery(), 100).events]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.engine.dispose()


def test_a_board_is_seen_by_its_owner_alone_until_it_is_shared(house: House) -> None:
    board = house.boards.make("  Brain   tumours ", HEAD, [RECALL])
    assert board.title == "Brain tumours" and house.boards.listed(HEAD) == [board]
    assert house.boards.listed(CLINICIAN) == []
    with pytest.raises(NotFound):
        house.boards.get(board.id, MLOPS)
    shared = house.boards.change(board.id, "Tumours", True, HEAD)
    assert house.boards.listed(CLINICIAN) == [shared] and house.boards.get(board.id, MLOPS) == shared


@pytest.mark.parametrize(
    ("panels", "seen_by"),
    [([RECALL], "CHMA"), ([ALERTS], "HMA"), ([DRIFT], "CHMA"), ([], "CHMA"), ([RECALL, ALERTS], "CHMA")],
)
def test_a_shared_board_is_for_who_may_see_a_number_of_it(
    house: House, panels: list[BoardPanel], seen_by: str
) -> None:
    board = house.boards.make("Shared", person(Role.HEAD, "owner"), panels)
    board = house.boards.change(board.id, board.title, True, person(Role.HEAD, "owner"))
    people = {"C": CLINICIAN, "H": HEAD, "M": MLOPS, "A": ADMIN}
    assert "".join(letter for letter, user in people.items() if house.boards.listed(user)) == seen_by


def test_only_its_owner_changes_a_board(house: House) -> None:
    board = house.boards.make("Mine", HEAD, [RECALL])
    house.boards.change(board.id, "Mine", True, HEAD)
    for act in (
        lambda user: house.boards.change(board.id, "Yours", False, user),
        lambda user: house.boards.add_panel(board.id, ALERTS, user),
        lambda user: house.boards.move_panel(board.id, board.panels[0].id, 1, user),
        lambda user: house.boards.remove_panel(board.id, board.panels[0].id, user),
        lambda user: house.boards.choose(board.id, BoardChoice(3), user),
    ):
        with pytest.raises(NotAllowed, match="Only its owner"):
            act(MLOPS)
        with pytest.raises(NotAllowed, match="make boards"):
            act(CLINICIAN)
    copied = house.boards.copy(board.id, MLOPS)
    assert copied.owner_id == MLOPS.id and not copied.shared
    assert [panel.measure for panel in copied.panels] == ["recall"]
    assert house.boards.may_change(copied, MLOPS) and not house.boards.may_change(copied, HEAD)


def test_a_board_is_deleted_by_its_owner_or_an_administrator(house: House) -> None:
    first, second = (house.boards.make(title, HEAD, [RECALL]) for title in ("One", "Two"))
    for board in (first, second):
        house.boards.change(board.id, board.title, True, HEAD)
    with pytest.raises(NotAllowed, match="delete boards of others"):
        house.boards.delete(first.id, MLOPS)
    assert not house.boards.may_delete(first, MLOPS) and house.boards.may_delete(first, ADMIN)
    house.boards.delete(first.id, HEAD)
    house.boards.delete(second.id, ADMIN)
    assert house.boards.listed(HEAD) == []
    assert house.actions()[:2] == ["board.delete", "board.delete"]
    assert {"board.make", "board.change"} <= set(house.actions())


def test_panels_are_added_at_the_end_moved_and_removed(house: House) -> None:
    board = house.boards.make("Order", HEAD, [RECALL, ALERTS])
    board = house.boards.add_panel(board.id, DRIFT, HEAD)
    first, second, third = (panel.id for panel in board.panels)

    def order() -> list[str]:
        return [panel.id for panel in house.boards.get(board.id, HEAD).panels]

    house.boards.move_panel(board.id, third, -1, HEAD)
    assert order() == [first, third, second]
    house.boards.move_panel(board.id, first, -1, HEAD)
    house.boards.move_panel(board.id, second, 1, HEAD)
    assert order() == [first, third, second]
    house.boards.move_panel(board.id, first, 1, HEAD)
    assert order() == [third, first, second]
    house.boards.remove_panel(board.id, first, HEAD)
    house.boards.remove_panel(board.id, first, HEAD)  # from another tab
    assert order() == [third, second]
    with pytest.raises(NotFound):
        house.boards.move_panel(board.id, first, 1, HEAD)


def test_a_panel_stands_on_a_board_once(house: House) -> None:
    board = house.boards.make("Once", HEAD, [RECALL])
    with pytest.raises(InvalidInput, match="on the board already"):
        house.boards.add_panel(board.id, RECALL, HEAD)
    house.boards.add_panel(board.id, BoardPanel("", "recall", PNEUMONIA), HEAD)
    assert len(house.boards.get(board.id, HEAD).panels) == 2


@pytest.mark.parametrize(
    ("panel", "words"),
    [
        (BoardPanel("", "luck", BRAIN_TUMOUR), "nothing called luck"),
        (BoardPanel("", "recall"), "Choose a task"),
        (BoardPanel("", "recall", "liver"), "Choose a task"),
        (BoardPanel("", "drift-distance", BRAIN_TUMOUR), "Choose a feature"),
        (BoardPanel("", "drift-distance", BRAIN_TUMOUR, feature="colour"), "Choose a feature"),
    ],
)
def test_a_panel_that_asks_for_nothing_is_a_sentence(house: House, panel: BoardPanel, words: str) -> None:
    board = house.boards.make("Wrong", HEAD)
    with pytest.raises(InvalidInput, match=words):
        house.boards.add_panel(board.id, panel, HEAD)


def test_a_panel_keeps_only_what_its_measure_needs(house: House) -> None:
    board = house.boards.make("Tidy", HEAD)
    everything = {"task": BRAIN_TUMOUR, "version": "2", "feature": "noise", "reference": "house"}
    kept = [
        house.boards.add_panel(board.id, BoardPanel("", measure, **everything), HEAD).panels[-1]
        for measure in ("recall", "alerts", "drift-distance")
    ]
    assert [(panel.task, panel.version, panel.feature, panel.reference) for panel in kept] == [
        (BRAIN_TUMOUR, "2", "", ""),
        ("", "", "", ""),
        (BRAIN_TUMOUR, "", "noise", "house"),
    ]


def test_a_board_has_a_title_and_an_end(house: House) -> None:
    with pytest.raises(InvalidInput, match="title"):
        house.boards.make("  ", HEAD)
    full = house.boards.make("Full", HEAD, [ALERTS] * (MOST_PANELS + 3))
    assert len(full.panels) == MOST_PANELS
    with pytest.raises(InvalidInput, match="at most"):
        house.boards.add_panel(full.id, RECALL, HEAD)


def test_an_address_chooses_and_the_board_chooses_where_it_says_nothing(house: House) -> None:
    board = house.boards.make("Choice", HEAD)
    board = house.boards.choose(board.id, BoardChoice(3, "North"), HEAD)
    assert chosen(board, "") == chosen(board, "?") == BoardChoice(3, "North")
    assert chosen(board, "?months=0&scanner=Acme") == BoardChoice(0, "", "Acme")
    assert chosen(board, "?site=South") == BoardChoice(3, "South")
    for wrong in ("7", "-3", "many"):
        with pytest.raises(InvalidInput):
            chosen(board, f"?months={wrong}")
    with pytest.raises(InvalidInput):
        house.boards.choose(board.id, BoardChoice(5), HEAD)


def test_everybody_starts_with_what_the_role_may_see() -> None:
    tasks = (BRAIN_TUMOUR, PNEUMONIA)
    of_head, of_admin = starts(tasks, HEAD), starts(tasks, ADMIN)
    assert {"errors-brain-tumour", "errors-pneumonia", "drift", "work"} <= {start.name for start in of_head}
    assert [start.name for start in of_admin] == ["drift"]
    drawn = next(start for start in of_head if start.name == "use-brain-tumour")
    film = next(start for start in of_head if start.name == "use-pneumonia")
    assert "dice" in {panel.measure for panel in drawn.panels} - {panel.measure for panel in film.panels}
