"""Readers on the performance page, in file and API and on their own account page; their groups and mails."""

from __future__ import annotations

import pytest

from dashboard.components.performance import reading
from dashboard.pages import admin, performance_readers
from data.errors import NotAllowed
from data.records import BRAIN_TUMOUR, MailedReviews, Role, User
from models.statistics.quick_acceptance import fewest_until_call
from services.addresses import AuditAddress
from services.cohort.small_numbers import FEW_READERS
from tests.dashboard.clinic import Clinic
from tests.services.verdicts import read_scans, readers, say_all

HERE = f"?task={BRAIN_TUMOUR}"
SERVER = "mailto://mail.clinic.example:25?mode=insecure&from=lightbox%40clinic.example"


def panel(clinic: Clinic, user: User) -> str:
    services = clinic.services
    return str(performance_readers.all_readers(services.performance, services.readers.figures, user, HERE))


def read_by(clinic: Clinic, *people: User) -> None:
    results = read_scans(clinic, fewest_until_call())
    for reader in people:
        say_all(clinic, reader, results, overrides=4)


def test_the_page_tells_groups_to_all_and_readers_to_the_department_head(clinic: Clinic) -> None:
    head, mlops = clinic.person(Role.HEAD), clinic.person(Role.MLOPS)
    assert reading.NONE_YET in panel(clinic, head)
    people = readers(clinic, ["North"] * 3)
    read_by(clinic, *people)
    told, names = panel(clinic, head), {reader.display_name for reader in people}
    rows = clinic.services.readers.figures.single_readers(BRAIN_TUMOUR, head)
    assert "By reader" in told and all(row.name in told for row in rows)
    assert "18.2 %" in told and "n = 66" in told and "North" in told
    others = panel(clinic, mlops)
    assert "18.2 %" in others and "North" in others and "By reader" not in others and "R-" not in others
    assert not any(name in told + others for name in names)


def test_two_readers_are_a_table_without_figures(clinic: Clinic) -> None:
    read_by(clinic, *readers(clinic, ["North"] * 2))
    told = panel(clinic, clinic.person(Role.HEAD))
    assert "a pseudonym would be a name" in told and FEW_READERS in told and "R-" not in told


def test_file_and_answer_hold_pseudonyms_for_the_head_alone(clinic: Clinic, sign_in) -> None:
    head, mlops, clinician = sign_in(Role.HEAD), sign_in(Role.MLOPS), sign_in(Role.CLINICIAN)
    read_by(clinic, *readers(clinic, ["North"] * 3))
    for client, shown in ((head, True), (mlops, False), (clinician, False)):
        file = client.get(f"/exports/readers.csv{HERE}")
        assert file.status_code == 200 and "FOR-THE-HOUSE" in file.headers["Content-Disposition"].upper()
        assert ("R-" in file.get_data(as_text=True)) is shown
        answer = client.get(f"/api/v1/readers{HERE}")  # held against the document
        of = {number["of"] for number in answer.json["numbers"]}
        assert of == ({"all", "group", "reader"} if shown else {"all", "group"})
        assert "Dr Reader" not in file.get_data(as_text=True) + answer.get_data(as_text=True)
    assert head.get("/api/v1/readers?task=nothing").status_code == 400
    assert sign_in(Role.ADMIN).get(f"/api/v1/readers{HERE}").status_code == 403


def test_everybody_who_reads_sees_their_own_reading(clinic: Clinic, sign_in) -> None:
    client, idle = sign_in(), sign_in(name="idle")
    reader = next(user for user in clinic.accounts.all() if user.name == "clinician")
    assert "You have given no verdict" in idle.get("/account").text
    results = read_scans(clinic, fewest_until_call())
    say_all(clinic, reader, results, overrides=4)
    page = client.get("/account").text
    assert "Brain tumour" in page and "81.8 %" in page and "does not call" in page
    say_all(clinic, reader, results, seconds=2.0)
    assert "The watch over quick acceptances calls" in client.get("/account").text
    assert "You have given no verdict" in idle.get("/account").text
    for role in (Role.HEAD, Role.MLOPS, Role.ADMIN):
        other = sign_in(role).get("/account").text
        assert "Your own reading" not in other and "about review requests" not in other


def test_mails_are_chosen_on_the_account_page(clinic: Clinic, sign_in) -> None:
    client = sign_in()
    assert "This server sends no mails to persons." in client.get("/account").text
    mails = clinic.services.personal_mails
    mails._server = SERVER
    reader = next(user for user in clinic.accounts.all() if user.name == "clinician")
    form = {"mail": " ada@clinic.example ", "reviews": "mine"}
    assert client.post("/account/mails", data=form, headers=client.csrf).location == "/account?mails=1#mails"
    choice = mails.choice(reader)
    assert (choice.mail, choice.reviews) == ("ada@clinic.example", MailedReviews.MINE)
    page = client.get("/account?mails=1").text
    assert "Your choice is kept." in page and 'value="ada@clinic.example"' in page
    assert '<option value="mine" selected>' in page
    for wrong in ({"mail": "ada", "reviews": "all"}, {"mail": "a@b.example", "reviews": "everything"}):
        answer = client.post("/account/mails", data=wrong, headers=client.csrf)
        assert answer.status_code == 400 and 'role="alert"' in answer.text
    assert mails.choice(reader) == choice
    head = sign_in(Role.HEAD)
    assert "about review requests" not in head.get("/account").text
    form = {"mail": "head@clinic.example", "alerts": "decisions"}
    head.post("/account/mails", data=form, headers=head.csrf)
    assert '<option value="decisions" selected>' in head.get("/account").text
    for of_others in ({"reviews": "all"}, {"alerts": "none of these"}):
        wrong = {"mail": "head@clinic.example"} | of_others
        assert head.post("/account/mails", data=wrong, headers=head.csrf).status_code in (400, 403)
    assert '<option value="decisions" selected>' in head.get("/account").text
    off = {"mail": "", "reviews": ""}
    client.post("/account/mails", data=off, headers=client.csrf)
    assert (mails.choice(reader).mail, mails.choice(reader).reviews) == (None, None)


def test_administrators_put_people_into_groups(clinic: Clinic) -> None:
    administrator, head = clinic.person(Role.ADMIN), clinic.person(Role.HEAD)
    (reader,) = readers(clinic, [""])
    admin.set_group(clinic.accounts, administrator, reader.id, "  Paediatric   section ")
    kept = clinic.accounts.user(reader.id)
    assert kept is not None and kept.reader_group == "Paediatric section"
    assert "Paediatric section" in str(
        admin.people(clinic.accounts, clinic.services.second_factors, administrator)
    )
    assert "Paediatric section" in str(admin.groups(clinic.accounts))
    with pytest.raises(NotAllowed):
        admin.set_group(clinic.accounts, head, reader.id, "Other")
    admin.set_group(clinic.accounts, administrator, reader.id, "")
    kept = clinic.accounts.user(reader.id)
    assert kept is not None and kept.reader_group is None
    actions = [
        event.action for event in clinic.services.auditing.trail.page(AuditAddress(), administrator).events
    ]
    assert actions[:2] == ["reader group changed"] * 2


def test_a_request_and_its_end_are_news_to_an_open_worklist(clinic: Clinic) -> None:
    head, (result,) = clinic.person(Role.HEAD), read_scans(clinic, 1)
    requests, worklist = clinic.services.reviewing.requests, clinic.services.reviewing.worklist
    tokens = [worklist.changes_token()]
    requests.ask([result.scan_id], "Look.", head)
    tokens.append(worklist.changes_token())
    request = requests.of_scan(result.scan_id)
    assert request is not None
    requests.withdraw(request.id, head)
    tokens.append(worklist.changes_token())
    assert len(set(tokens)) == 3
