from __future__ import annotations

import re
import time
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Page, expect

from data.database import new_id, now
from data.records import Doubt, Identity, JobState, Refusal, Role, ScanStatus, Upload, UploadState
from data.stores.jobs import JobStore
from services.reading.reading import effort_of
from tests.data.builders import a_job

pytestmark = pytest.mark.browser


def _choose(page: Page, button: str, files: object) -> None:
    with page.expect_file_chooser() as chooser:
        page.click(button)
    chooser.value.set_files(files)


def _file(name: str, content: bytes = b"scan" * 100) -> dict[str, object]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def test_a_file_becomes_a_row_and_opens(open_tab) -> None:
    visit = open_tab()
    page = visit.sign_in()
    expect(page.get_by_text("No scans yet.")).to_be_visible()
    _choose(page, "#choose-files", _file("brain.nii"))
    expect(page.locator(".lb-upload-scan")).to_have_text("FLAIRwaiting")
    row = page.locator(".ag-row", has_text="Ada Lovelace")
    expect(page.locator("#worklist-total")).to_have_text("1 scan")
    row.locator(".lb-scan-link").click()
    expect(page.locator("#scan-title h1")).to_have_text("Ada Lovelace")


def test_a_refusal_is_said_in_place(open_tab) -> None:
    page = open_tab().sign_in()
    _choose(page, "#choose-files", _file("refused.txt"))
    expect(page.locator(".lb-upload-refusal")).to_contain_text("This is not an image that Lightbox reads.")


def test_dicom_files_of_a_folder_go_as_one(clinic, open_tab, tmp_path: Path) -> None:
    page = open_tab().sign_in()
    folder = tmp_path / "study"
    (folder / "series").mkdir(parents=True)
    for number in range(5):
        (folder / "series" / f"IM{number}").write_bytes(bytes(128) + b"DICM" + bytes([number]) * 5000)
    (folder / "photo.png").write_bytes(b"not dicom")
    _choose(page, "#choose-folder", str(folder))
    expect(page.locator(".lb-upload")).to_have_count(2)
    expect(page.locator(".lb-upload-state")).to_have_text(["reading", "reading"])
    user = next(user for user in clinic.accounts.all() if user.name == "clinician")
    sent = {upload.name: upload for upload in clinic.uploads.of_user(user.id, 5)}
    assert set(sent) == {"study.zip", "photo.png"}
    assert sent["study.zip"].size > 5 * 5000


def test_numbered_pictures_are_offered_as_one_volume(clinic, open_tab, tmp_path: Path) -> None:
    page = open_tab().sign_in()
    folder = tmp_path / "head"
    folder.mkdir()
    for number in (1, 2, 10):
        (folder / f"s{number}.png").write_bytes(b"picture %d" % number)
    _choose(page, "#choose-folder", str(folder))
    offer = page.get_by_role("group", name="3 numbered pictures: are they the slices of one volume?")
    offer.get_by_role("button", name="One volume").click()
    expect(page.locator(".lb-upload-state")).to_have_text(["reading"])
    expect(offer).to_have_count(0)
    _choose(page, "#choose-folder", str(folder))
    offer.get_by_role("button", name="Single pictures").click()
    expect(page.locator(".lb-upload-state")).to_have_text(["reading"] * 4)
    user = next(user for user in clinic.accounts.all() if user.name == "clinician")
    sent = {upload.name: upload.as_volume for upload in clinic.uploads.of_user(user.id, 5)}
    assert sent == {"head.zip": True, "s1.png": False, "s2.png": False, "s10.png": False}


def test_a_batch_shows_every_outcome_and_what_is_cleared_stays_away(clinic, open_tab) -> None:
    visit = open_tab()
    user = next(user for user in clinic.accounts.all() if user.name == "clinician")
    read, failed, known = (clinic.add_volume(user.id, Identity(name, name)) for name in "ABC")
    for scan in (read, known):
        clinic.read_volume(scan)
    clinic.scans.set_status(failed.id, ScanStatus.FAILED, "The image is blank.")
    batch = Upload(new_id(), user.id, "batch.zip", 9, 9, UploadState.DONE, now())
    clinic.uploads.add(batch)
    refusal = Refusal("notes.txt", "not_an_image", "This is not an image that Lightbox reads.")
    clinic.uploads.add_outcomes(
        batch.id, scan_ids=(read.id, failed.id), known_scan_ids=(known.id,), refusals=(refusal,)
    )
    for number in range(20):
        older = Upload(new_id(), user.id, f"refused{number}.txt", 9, 9, UploadState.DONE, now())
        clinic.uploads.add(older)
        clinic.uploads.add_outcomes(older.id, refusals=(refusal,))
    page = visit.sign_in()
    other_page = page.context.new_page()
    other_page.goto(page.url)
    expect(page.locator(".lb-upload")).to_have_count(21)
    row = page.locator(".lb-upload", has_text="batch.zip")
    fold = row.locator("summary")
    expect(fold).to_have_text("1 read, 1 here already, 1 refused, 1 failed")
    expect(row.locator(".lb-upload-refusal")).to_contain_text(
        ["This is not an image that Lightbox reads.", "The image is blank."]
    )
    fold.click()
    expect(row.locator(".lb-upload-scan").first).to_be_hidden()
    expect(other_page.locator(".lb-upload")).to_have_count(21)
    page.get_by_role("button", name="Clear the finished").click()
    expect(page.locator(".lb-upload")).to_have_count(0)
    expect(other_page.locator(".lb-upload")).to_have_count(0)
    page.reload()
    expect(page.locator("#worklist-total")).to_have_text("3 scans")
    page.wait_for_timeout(2000)  # longer than the next look
    expect(page.locator(".lb-upload")).to_have_count(0)


def test_a_drop_is_taken_once(clinic, open_tab) -> None:
    page = open_tab().sign_in()
    page.wait_for_selector("#drop-zone")
    drop = """async () => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(20 * 1024 * 1024)], "slow.nii", {lastModified: 1}));
        for (const kind of ["dragover", "drop"])
            document.getElementById("drop-zone").dispatchEvent(
                new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
    }"""
    page.evaluate(drop)
    page.evaluate(drop)
    expect(page.locator(".lb-upload-state")).to_have_text("opening")
    expect(page.locator(".lb-upload")).to_have_count(1)
    user = next(user for user in clinic.accounts.all() if user.name == "clinician")
    assert len(clinic.uploads.of_user(user.id, 5)) == 1


def test_an_upload_goes_on_after_a_broken_connection_and_a_reload(clinic, open_tab) -> None:
    visit = open_tab()
    page = visit.sign_in()
    content = bytes(range(256)) * (20 << 12)  # three chunks
    passed = []

    def first_piece_only(route) -> None:
        if route.request.method == "PATCH" and passed:
            route.abort()
            return
        passed.extend([route.request.method] if route.request.method == "PATCH" else [])
        route.continue_()

    page.route("**/uploads/*", first_piece_only)
    _choose(page, "#choose-files", _file("slow.nii", content))
    page.wait_for_event("requestfailed", lambda request: request.method == "PATCH")
    expect(page.locator(".lb-upload-state")).to_have_text("sending")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.unroute("**/uploads/*")
    expect(page.locator(".lb-upload-state")).to_have_text(
        "interrupted at 40 %: drop the same files again to go on"
    )
    _choose(page, "#choose-files", _file("slow.nii", content))
    expect(page.locator(".lb-upload-state").first).to_have_text("opening")
    user = next(user for user in clinic.accounts.all() if user.name == "clinician")
    kept = clinic.uploads.of_user(user.id, 5)
    assert [upload.state for upload in kept if upload.offset == upload.size] == [UploadState.QUEUED]
    visit.console[:] = [line for line in visit.console if "ERR_FAILED" not in line]


def test_an_upload_can_be_cancelled(clinic, open_tab) -> None:
    visit = open_tab()
    page = visit.sign_in()
    page.route(
        "**/uploads/*", lambda route: route.abort() if route.request.method == "PATCH" else route.continue_()
    )
    _choose(page, "#choose-files", _file("slow.nii"))
    page.click(".lb-upload button:has-text('Cancel')")
    expect(page.locator(".lb-upload")).to_have_count(0)
    user = next(user for user in clinic.accounts.all() if user.name == "clinician")
    until = time.monotonic() + 20
    while clinic.uploads.of_user(user.id, 5) and time.monotonic() < until:
        page.wait_for_timeout(50)
    assert clinic.uploads.of_user(user.id, 5) == []
    visit.console[:] = [line for line in visit.console if "ERR_FAILED" not in line]


def test_rows_come_by_themselves_and_the_place_is_kept(clinic, open_tab) -> None:
    visit = open_tab()
    for number in range(60):
        clinic.add_volume("u", Identity(f"Patient {number:02d}", str(number)))
    page = visit.sign_in()
    expect(page.locator("#worklist-total")).to_have_text("60 scans")
    body = page.locator(".ag-body-viewport")
    body.evaluate("element => element.scrollTop = 900")
    expect(page.get_by_text("Patient 40")).to_be_visible()
    clinic.add_volume("u", Identity("Newcomer", "n"))
    expect(page.locator("#worklist-total")).to_have_text("61 scans")
    assert body.evaluate("element => element.scrollTop") == 900


@pytest.mark.parametrize("width", [1440, 390])
def test_an_uncertain_scan_is_neither_red_nor_green(clinic, open_tab, width: int) -> None:
    visit = open_tab(width)
    kinds = {
        "Anton": {},
        "Berta": {"positive": False},
        "Clara": {"positive": False, "doubts": (Doubt.ABNORMAL_NOT_TUMOUR,)},
    }
    for name, changes in kinds.items():
        clinic.read_volume(clinic.add_volume("u", Identity(name, name)), **changes)
    page = visit.sign_in()
    row = page.locator(".ag-row", has_text="Clara")
    said = row.locator(".lb-result-uncertain")
    expect(said).to_contain_text("Uncertain")
    expect(said).to_contain_text("abnormal signal, not like the tumours that were learnt")
    expect(said.locator("i.bi-exclamation-diamond-fill")).to_be_visible()
    expect(page.locator(".ag-row", has_text="Anton").locator(".lb-result-found")).to_be_visible()
    expect(page.locator(".ag-row", has_text="Berta").locator(".lb-result-not-found")).to_be_visible()
    colours = [
        page.locator(f".lb-result-{outcome}").first.evaluate("element => getComputedStyle(element).color")
        for outcome in ("found", "uncertain", "not-found")
    ]
    assert len(set(colours)) == 3
    if width == 390:
        return
    page.locator(".ag-header-cell", has_text="Result").click()
    expect(page.locator(".ag-row[row-index='1']")).to_contain_text("Clara")
    expect(page.locator(".ag-row[row-index='2']")).to_contain_text("Berta")
    page.select_option("#worklist-outcome", "uncertain")
    expect(page.locator("#worklist-total")).to_have_text("1 scan")


def test_search_and_filters(clinic, open_tab) -> None:
    visit = open_tab()
    for name in ("Anton", "Berta"):
        clinic.add_volume("u", Identity(name, name))
    clinic.read_film(clinic.add_film("u"))
    page = visit.sign_in()
    expect(page.locator("#worklist-total")).to_have_text("3 scans")
    page.fill("#worklist-search", "berta")
    expect(page.locator("#worklist-total")).to_have_text("1 scan")
    expect(page.locator(".ag-row", has_text="Berta")).to_have_count(1)
    page.fill("#worklist-search", "")
    expect(page.locator("#worklist-total")).to_have_text("3 scans")
    page.select_option("#worklist-task", "pneumonia")
    expect(page.locator("#worklist-total")).to_have_text("1 scan")
    expect(page.locator(".ag-row", has_text="Pneumonia likely 0.93")).to_have_count(1)
    page.fill("#worklist-search", "nobody")
    expect(page.get_by_text("No scan fits.")).to_be_visible()


def test_others_see_pseudonyms_and_a_phone_sees_the_main_columns(clinic, open_tab) -> None:
    visit = open_tab(390, 844)
    clinic.read_volume(clinic.add_volume("u"))
    page = visit.sign_in(Role.HEAD)
    expect(page.locator(".ag-row .lb-scan-link")).to_contain_text("P-")
    expect(page.locator(".ag-header-cell-text:not(:empty)")).to_have_text(["Patient", "Result", "Status"])
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.click("#menu-toggle")
    expect(page.locator(".lb-navbar >> text=Models")).to_be_visible()


def _fits(page: Page) -> None:
    expect(page.locator(".ag-row").first).to_be_visible()
    too_wide = "element => element.scrollWidth > element.clientWidth"
    until = time.monotonic() + 20
    while page.locator(".ag-center-cols-viewport").evaluate(too_wide) and time.monotonic() < until:
        page.wait_for_timeout(50)  # columns are left out once the first rows are there
    assert not page.locator(".ag-center-cols-viewport").evaluate(too_wide)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("width", "least"), [(1440, 11), (1280, 10), (390, 3)])
def test_columns_fit(clinic, open_tab, width: int, least: int) -> None:
    visit = open_tab(width)
    scan = clinic.add_volume("u", Identity("Wilhelmina von und zu Langenhagen-Oberkirchen", "MRN-123456789"))
    clinic.read_volume(scan, expected=0.5)
    page = visit.sign_in()
    _fits(page)
    assert page.locator(".ag-header-cell-text:not(:empty)").count() >= least
    cut = """element => element.scrollWidth > element.clientWidth"""
    for column in ("outcome", "urgency", "doubt", "status", "created_at"):
        for cell in page.locator(f".ag-row .ag-cell[col-id={column}]").all():
            assert not cell.evaluate(cut), column


def test_back_and_a_link_bring_the_same_list(clinic, open_tab) -> None:
    visit = open_tab()
    for number in range(90):
        clinic.add_volume("u", Identity(f"Patient {number:02d}", str(number)))
    clinic.add_film("u")
    page = visit.sign_in()
    expect(page.locator("#worklist-total")).to_have_text("91 scans")
    page.fill("#worklist-search", "patient")
    page.select_option("#worklist-task", "brain-tumour")
    expect(page.locator("#worklist-total")).to_have_text("90 scans")
    page.locator(".ag-header-cell", has_text="Patient ID").click()
    expect(page).to_have_url(re.compile(r"\?(?=.*words=gAAAA)(?=.*task=brain-tumour).*&sort=patient_id$"))
    expect(page.locator(".ag-row[row-index='0']")).to_contain_text(
        "Patient 00"
    )  # rows in a new order start at the top
    body = page.locator(".ag-body-viewport")
    body.evaluate("element => element.scrollTop = 52 * 60")
    expect(page).to_have_url(re.compile("row=60$"))
    address = page.url
    page.locator(".ag-row", has_text="Patient 65").locator(".lb-scan-link").click()
    expect(page.locator("#scan-title h1")).to_have_text("Patient 65")
    page.go_back()
    _is_the_same_list(page, address)
    expect(page.locator(".ag-cell-focus")).to_contain_text("Patient 65")
    page.reload()
    _is_the_same_list(page, address)
    page.locator("#worklist-counters a").first.click()
    expect(page.locator("#worklist-search")).to_have_value("")
    page.reload()
    expect(page.locator("#worklist-search")).to_have_value("")
    expect(page.locator(".ag-row").first).to_be_visible()  # a person goes back from a page that is there
    page.go_back()
    _is_the_same_list(page, address)
    page.locator(".ag-row", has_text="Patient 65").locator(".lb-scan-link").click()
    expect(page.locator("#scan-title h1")).to_have_text("Patient 65")
    page.locator(".lb-back").click()
    _lists_the_same(page)
    expect(page.locator(".ag-cell-focus")).to_contain_text("Patient 65")


def test_words_that_are_searched_for_stand_in_no_address(clinic, open_tab) -> None:
    visit = open_tab()
    clinic.add_volume("u", Identity("Müller^Änne", "MRN-77"))
    clinic.add_volume("u", Identity("Patient", "1"))
    page, asked = visit.sign_in(), []
    page.on("request", lambda request: asked.append(request.url))
    page.on("framenavigated", lambda frame: asked.append(frame.url))
    for typed in ("Müller", "mrn-77"):
        page.locator("#worklist-search").press_sequentially(typed, delay=60)
        expect(page.locator("#worklist-total")).to_have_text("1 scan")
        page.wait_for_timeout(400)
        expect(page.locator("#worklist-search")).to_have_value(typed)
        page.fill("#worklist-search", "")
        expect(page.locator("#worklist-total")).to_have_text("2 scans")
        expect(page).to_have_url(re.compile("/worklist$"))
    page.goto(f"{page.url}?q=mrn-77")  # another program's link
    expect(page.locator("#worklist-total")).to_have_text("1 scan")
    expect(page).to_have_url(re.compile(r"/worklist\?words=gAAAA[^&]+$"))
    expect(page.locator("#worklist-search")).to_have_value("mrn-77")
    told = [unquote(url).lower() for url in asked if "?q=" not in url]
    assert len(told) > 5
    assert not [url for url in told if "ller" in url or "mrn" in url]


def test_a_link_with_words_of_somebody_else_shows_the_list_without_them_and_says_so(clinic, open_tab) -> None:
    visit = open_tab()
    clinic.add_volume("u", Identity("Anton", "1"))
    page = visit.sign_in()
    page.goto(f"{page.url}?words=other")
    expect(page.get_by_text("Please search again")).to_be_visible()
    expect(page.locator("#worklist-total")).to_have_text("1 scan")


def _lists_the_same(page: Page) -> None:
    expect(page.locator("#worklist-total")).to_have_text("90 scans")
    expect(page.locator("#worklist-search")).to_have_value("patient")
    expect(page.locator("#worklist-task")).to_have_value("brain-tumour")
    expect(page.locator(".ag-row", has_text="Patient 65")).to_be_visible()
    expect(page.locator(".ag-header-cell", has_text="Patient ID")).to_have_attribute("aria-sort", "ascending")


def _is_the_same_list(page: Page, address: str) -> None:
    _lists_the_same(page)
    page.wait_for_timeout(400)  # what scrolling the grid by itself would say of the place
    assert page.url == address
    assert page.locator(".ag-body-viewport").evaluate("element => element.scrollTop") == 52 * 60


def test_arrows_move_and_enter_opens(clinic, open_tab) -> None:
    visit = open_tab()
    for name in ("Anton", "Berta"):
        clinic.add_volume("u", Identity(name, name))
    page = visit.sign_in()
    page.locator(".ag-row", has_text="Berta").wait_for()
    page.locator(".ag-header-cell", has_text="Patient").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".ag-row .ag-cell-focus")).to_contain_text("Anton")
    page.keyboard.press("Enter")
    expect(page.locator("#scan-title h1")).to_have_text("Anton")
    page.go_back()
    expect(page.locator(".ag-row .ag-cell-focus")).to_contain_text("Anton")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#scan-title h1")).to_have_text("Berta")


def test_cases_are_taken_given_and_put_back(clinic, open_tab) -> None:
    visit = open_tab()
    colleague = clinic.person(Role.CLINICIAN, "meyer")
    for name in ("Anton", "Berta", "Cäsar"):
        clinic.read_volume(clinic.add_volume("u", Identity(name, name)), positive=False)
    page = visit.sign_in()
    said, bar = page.locator(".lb-triage-said"), page.locator("#triage-bar")
    expect(page.locator(".ag-row")).to_have_count(3)
    expect(bar).to_be_hidden()
    for name in ("Anton", "Berta"):
        page.locator(".ag-row", has_text=name).locator("input").check()
    expect(page.locator("#triage-count")).to_have_text("2 scans")
    bar.get_by_role("button", name="Take").click()
    expect(said).to_have_text("2 scans yours now.")
    expect(page.locator(".ag-row", has_text="Anton").locator("[col-id=assigned]")).to_have_text("Me")
    expect(bar).to_be_hidden()
    page.locator(".lb-counter-mine").click()
    expect(page.locator("#worklist-total")).to_have_text("2 scans")
    expect(page.locator("#worklist-assigned option:checked")).to_have_text("My cases")
    page.locator(".ag-row", has_text="Anton").locator("input").check()
    page.select_option("#triage-colleague", colleague.id)
    bar.get_by_role("button", name="Give").click()
    expect(said).to_have_text("1 scan given to Dr Clinician.")
    expect(page.locator("#worklist-total")).to_have_text("1 scan")
    page.locator(".ag-row", has_text="Berta").locator("input").check()
    bar.get_by_role("button", name="Put back").click()
    expect(page.get_by_text("No scan fits.")).to_be_visible()
    page.select_option("#worklist-assigned", "none")
    expect(page.locator("#worklist-total")).to_have_text("2 scans")


def test_what_is_critical_comes_first(clinic, open_tab) -> None:
    visit = open_tab()
    for name in ("Anton", "Berta", "Cäsar"):
        clinic.read_volume(clinic.add_volume("u", Identity(name, name)), positive=name == "Berta")
    page = visit.sign_in()
    rows = page.locator(".ag-row")
    expect(rows).to_have_count(3)
    expect(page.locator(".ag-row[row-index='0']")).to_contain_text("Berta")  # found, nobody has reviewed it
    expect(page.locator(".ag-row[row-index='0'] .lb-urgency-suggested")).to_be_visible()
    page.locator(".ag-row", has_text="Anton").locator("input").check()
    page.get_by_role("button", name="Critical").click()
    expect(page.locator(".ag-row[row-index='0']")).to_contain_text("Anton")
    expect(page.locator(".lb-counter-urgent")).to_have_text("1Urgent")
    page.locator(".lb-counter-urgent").click()
    expect(page.locator("#worklist-total")).to_have_text("1 scan")
    expect(page.locator("#worklist-urgency option:checked")).to_have_text("Critical or urgent")
    page.go_back()
    expect(page.locator("#worklist-total")).to_have_text("3 scans")
    expect(page.locator("#worklist-urgency")).to_have_value("any")


def test_a_reading_shows_its_place_in_the_queue_and_is_cancelled_from_upload_worklist_and_page(
    clinic, open_tab
) -> None:
    readings = clinic.services.reading.readings
    user = next(user for user in clinic.accounts.all() if user.name == Role.CLINICIAN.value)
    names = ("Grace Hopper", "Alan Turing", "Emmy Noether")
    scans = {name: clinic.add_volume(user.id, identity=Identity(name, name[:5])) for name in names}
    for scan in scans.values():
        readings.request(scan.id)
    page = open_tab().sign_in()
    row = {name: page.locator(".ag-row", has_text=name) for name in names}
    expect(row["Alan Turing"]).to_contain_text("place 2 of 3 in the queue")
    for _ in range(3):
        effort = effort_of(scans["Alan Turing"])
        job = a_job("read", new_id(), -60, state=JobState.DONE, worked_s=41.0, effort=effort)
        JobStore(clinic.database).add(job)
    expect(row["Alan Turing"]).to_contain_text("place 2 of 3 in the queue, about 2 minutes")
    row["Grace Hopper"].get_by_role("button", name="Cancel the reading of Grace Hopper").click()
    expect(row["Grace Hopper"].locator(".lb-status-cancelled")).to_have_text("Cancelled")
    expect(row["Grace Hopper"].get_by_role("button")).to_have_count(0)
    expect(row["Alan Turing"]).to_contain_text("place 1 of 2 in the queue, about 50 seconds")

    row["Alan Turing"].locator(".lb-scan-link").click()
    expect(page.locator("#scan-status")).to_contain_text("Place 1 of 2 in the queue, about 50 seconds.")
    page.get_by_role("button", name="Cancel the reading").click()
    expect(page.locator("#scan-status")).to_contain_text("Reading cancelled by")
    expect(page.get_by_role("button", name="Cancel the reading")).to_be_hidden()
    page.get_by_role("button", name="Read now").click()
    expect(page.locator("#scan-status")).to_contain_text("Place 2 of 2 in the queue, about 2 minutes.")
    expect(page.get_by_role("button", name="Read now")).to_be_hidden()

    page.locator(".lb-back").click()
    _choose(page, "#choose-files", _file("brain.nii"))
    upload = page.locator(".lb-upload")
    expect(upload.locator(".lb-upload-scan")).to_have_text("FLAIRwaiting")
    (sent,) = (outcome for outcome in clinic.services.reading.uploads.outcomes(user) if outcome.scans)
    readings.request(sent.scans[0].id)
    expect(upload.locator(".lb-upload-state")).to_have_text(re.compile("^place 3 of 3 in the queue"))
    upload.get_by_role("button", name="Cancel brain.nii").click()
    expect(upload.locator(".lb-upload-scan")).to_have_text("FLAIRcancelled")
    expect(upload.get_by_role("button", name="Cancel brain.nii")).to_have_count(0)
    assert clinic.scans.get(sent.scans[0].id).status is ScanStatus.CANCELLED


def test_who_sent_nothing_of_it_sees_the_place_and_no_way_to_cancel(clinic, open_tab) -> None:
    scan = clinic.add_volume("dicom:SCANNER")
    clinic.services.reading.readings.request(scan.id)
    page = open_tab().sign_in()
    row = page.locator(".ag-row", has_text="Ada Lovelace")
    expect(row).to_contain_text("place 1 of 1 in the queue")
    expect(row.get_by_role("button")).to_have_count(0)


def test_a_review_that_was_asked_for_is_on_the_worklist_until_it_is_given(clinic, open_tab, read) -> None:
    clinic.services.reviewing.requests.ask([read.id], "Rare sequence.", clinic.person(Role.HEAD, "asker"))
    page = open_tab().sign_in()
    page.click("summary:has-text('1 review was asked for')")
    page.click("#worklist-requests a")
    expect(page.get_by_text("Review asked for:")).to_be_visible()
    expect(page.get_by_text("Rare sequence.")).to_be_visible()
    clinician = next(user for user in clinic.accounts.all() if user.name == "clinician")
    clinic.services.reviewing.reviews.accept(read.id, clinician)
    page.goto("/".join([*page.url.split("/")[:3], "worklist"]))
    expect(page.locator("#worklist-total")).to_have_text("1 scan")
    expect(page.locator("#worklist-requests")).to_be_hidden()
