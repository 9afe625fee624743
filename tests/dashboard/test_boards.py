"""The pages of boards: made, shown, changed and taken away as a file."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.components import boards as parts
from dashboard.pages import board as page
from dashboard.pages import boards as list_page
from data.errors import InvalidInput, NotFound
from data.records import BRAIN_TUMOUR, Board, BoardPanel, Role, User
from services import addresses
from services.boards.points import panel_title
from tests.dashboard.clinic import Clinic
from tests.dashboard.conftest import callback

PANELS = [BoardPanel("", "readings", BRAIN_TUMOUR), BoardPanel("", "alerts")]


@pytest.fixture
def head(clinic: Clinic) -> User:
    return clinic.person(Role.HEAD, "owner")


@pytest.fixture
def made(clinic: Clinic, head: User) -> Board:
    scan = clinic.add_volume(head.id)
    clinic.read_volume(scan)
    return clinic.services.boards.boards.make("Brain tumours", head, PANELS)


def shown(clinic: Clinic, user: User, board: Board, search: str = "") -> dict[str, Any]:
    services = clinic.services
    return page.show(services.boards, services.cohort.numbers, user, board.id, search)


def test_without_a_board_the_page_says_what_one_is(clinic: Clinic, head: User) -> None:
    listed, starts = (str(part) for part in list_page.listed(clinic.services.boards, head))
    assert "No board yet." in listed and "Recall and false alarms: Brain tumour" in starts
    clinician = str(list_page.listed(clinic.services.boards, clinic.person(Role.CLINICIAN))[0])
    assert "what they share stands here" in clinician


def test_a_board_to_start_with_is_made_at_once(clinic: Clinic, head: User) -> None:
    address = list_page.start(clinic.services.boards, head, "errors-brain-tumour")
    (board,) = clinic.services.boards.boards.listed(head)
    assert address == addresses.board(board.id)
    assert [panel.measure for panel in board.panels] == ["recall", "far"]
    with pytest.raises(NotFound):
        list_page.start(clinic.services.boards, head, "errors-liver")
    with pytest.raises(InvalidInput):
        list_page.make(clinic.services.boards, head, " ")


def test_the_owner_sees_what_changes_a_board_and_others_do_not(
    clinic: Clinic, made: Board, head: User
) -> None:
    owners = shown(clinic, head, made)
    assert owners[page.EDITING] == "lb-card" and "board-act" in str(owners[page.PANELS])
    clinic.services.boards.boards.change(made.id, made.title, True, head)
    clinician = clinic.person(Role.CLINICIAN)
    others, forms = shown(clinic, clinician, made), (page.COPY, page.ADD, page.SAVE)
    assert others[page.EDITING] == "lb-hidden" and "board-act" not in str(others[page.PANELS])
    assert "These numbers are for department heads" in str(others[page.PANELS])  # of alerts
    assert others[f"{page.DELETE}-place"] == "lb-hidden"
    assert all(name in str(page.layout(head, made.id)) for name in forms)
    assert not any(name in str(page.layout(clinician, made.id)) for name in forms)
    admin = shown(clinic, clinic.person(Role.ADMIN), made)
    assert admin[f"{page.DELETE}-place"] == "" and "For the house" not in str(admin[page.DOWNLOADS])


def test_a_panel_shows_its_numbers_and_leads_to_its_page(clinic: Clinic, made: Board, head: User) -> None:
    panels = str(shown(clinic, head, made, "?months=3")[page.PANELS])
    assert "Scans read: Brain tumour" in panels and "1 scans" in panels
    assert "/cohort?from=" in panels and "task=brain-tumour" in panels
    other_site = str(shown(clinic, head, made, "?months=3&site=Nowhere")[page.PANELS])
    assert "No number in this period." in other_site
    with pytest.raises(InvalidInput):
        shown(clinic, head, made, "?months=5")


def test_buttons_of_a_panel_move_and_remove_it(clinic: Clinic, made: Board, head: User) -> None:
    boards, (first, second) = clinic.services.boards, made.panels
    page.act(boards, head, made.id, parts.LATER, first.id)
    assert boards.boards.get(made.id, head).panels == (second, first)
    page.act(boards, head, made.id, parts.EARLIER, first.id)
    page.act(boards, head, made.id, parts.REMOVE, second.id)
    assert boards.boards.get(made.id, head).panels == (first,)
    with pytest.raises(InvalidInput):
        page.act(boards, head, made.id, "burn", first.id)


def test_a_measure_offers_what_it_needs(clinic: Clinic, head: User) -> None:
    services = clinic.services

    def offered(measure: str) -> dict[str, Any]:
        numbers = services.performance.numbers
        return page.offered(services.boards, numbers, head, measure, BRAIN_TUMOUR)

    recall, distance, alerts = (offered(name) for name in ("recall", "drift-distance", "alerts"))
    assert recall[page.FEATURE] and not recall[page.TASK] and recall[page.REFERENCE]["disabled"]
    assert not distance[page.FEATURE] and alerts[page.TASK]


def test_a_panel_is_added_by_the_form(clinic: Clinic, sign_in: Any) -> None:
    client = sign_in(Role.MLOPS)
    owner = next(user for user in clinic.accounts.all() if user.role is Role.MLOPS)
    board = clinic.services.boards.boards.make("Mine", owner)
    given = {page.ID: board.id, page.CHANGED: 0, page.MEASURE: "drift-distance", page.TASK: BRAIN_TUMOUR,
             page.VERSION: "", page.FEATURE: "noise", page.REFERENCE: None}  # fmt: skip
    prop = {page.ID: "data", page.CHANGED: "data"}
    state = [
        {"id": name, "property": prop.get(name, "value"), "value": value} for name, value in given.items()
    ]
    inputs = [{"id": page.ADD, "property": "n_clicks", "value": 1}]
    dependencies = client.get("/_dash-dependencies").json
    output = next(
        dependency["output"] for dependency in dependencies if dependency["inputs"][0]["id"] == page.ADD
    )
    answer = callback(client, output, inputs, changed=f"{page.ADD}.n_clicks", state=state)
    assert "Panel added at the end." in answer.text
    (panel,) = clinic.services.boards.boards.get(board.id, owner).panels
    assert (panel.measure, panel.task, panel.feature) == ("drift-distance", BRAIN_TUMOUR, "noise")


def test_a_file_is_for_handing_on_unless_the_house_is_asked_for(
    clinic: Clinic, made: Board, head: User, sign_in: Any
) -> None:
    clinic.services.boards.boards.change(made.id, made.title, True, head)
    client = sign_in(Role.HEAD)
    address = f"{addresses.board(made.id)}.csv?months=3"
    outside, inside = client.get(address), client.get(f"{address}&audience=inside")
    assert "fewer than 5" in outside.text and "FOR THE HOUSE ONLY" in inside.text
    row = next(line for line in inside.text.splitlines() if line.startswith("Scans read"))
    assert row.split(",")[4] == "1"
    assert client.get(f"{address}&audience=everybody").status_code == 400
    assert client.get(f"{addresses.board(made.id)}.csv?months=5").status_code == 400
    assert sign_in(Role.ADMIN).get(f"{address}&audience=inside").status_code == 403
    assert client.get(f"/boards/{'0' * 32}.csv").status_code == 404


def test_the_same_numbers_come_as_json(clinic: Clinic, made: Board, head: User, sign_in: Any) -> None:
    clinic.services.boards.boards.change(made.id, made.title, True, head)
    client, address = sign_in(Role.MLOPS), addresses.board(made.id)
    told = client.get(f"{address}.json?months=3").json
    assert {row["section"] for row in told["numbers"]} <= {panel_title(panel) for panel in PANELS}
    assert "fewer than 5" in str(told)
    assert told["about"]["Board"] == made.title


def test_what_was_saved_stands_at_the_head_with_the_answer(clinic: Clinic, made: Board, head: User) -> None:
    seen = page.form(clinic.services.boards, head, made.id)[page.SEEN]
    said = page.save(clinic.services.boards, head, made.id, "Heads", True, seen, "?months=3")
    assert said[page.HEADING] == "Heads" and "By you, shared." in said[page.BY]
    assert clinic.services.boards.boards.get(made.id, head).choice.months == 3
    # Another window still has the form as it was.
    with pytest.raises(InvalidInput, match="another window made this board “Heads”, shared"):
        page.save(clinic.services.boards, head, made.id, "Necks", False, seen, "")
    assert clinic.services.boards.boards.get(made.id, head).title == "Heads"
    page.save(clinic.services.boards, head, made.id, "Necks", False, said[page.SEEN], "")
