"""Mails that people choose: who gets them, once each, in one, and with nothing of a patient in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from data.database import new_id
from data.errors import InvalidInput, NotAllowed
from data.records import KindCount, MailedReviews, MailTopic, Role, Scan, Severity
from data.stores.users import UserStore
from services.alerts.delivery import Address, Delivery, mail_to
from services.mails.personal_mails import AGAIN, BETWEEN, SETTLE
from services.mails.review_request_mails import mail_about
from services.settings import Settings
from tests.dashboard.clinic import ADA
from tests.services.mails.conftest import URL, House

LOGIN = "name:p%40ss"


def test_what_is_asked_for_at_once_comes_in_one_mail_and_never_again(house: House) -> None:
    house.choose()
    house.ask(house.results[:2])
    house.ask(house.results[2:3])
    house.mails.tick()
    assert house.post.sent == []  # more may come with it
    house.later()
    assert house.titles == ["Lightbox: 3 reviews are asked for"]
    house.later()
    assert len(house.post.sent) == 1
    house.ask(house.results[3:])
    house.later()
    assert house.titles[1:] == ["Lightbox: 1 review is asked for"]


def test_the_mail_says_how_many_and_where_and_nothing_else(house: House) -> None:
    house.choose()
    house.ask(house.results[:1])
    house.later()
    ((address, title, text),) = house.post.sent
    assert "to=ada%40clinic.example" in address and address.startswith("mailto://mail.clinic.example:25?")
    assert f"{URL}/worklist" in text and f"{URL}/account" in text
    scan = house.clinic.scans.get(house.results[0].scan_id)
    assert isinstance(scan, Scan)
    patient = house.clinic.patients.get(scan.patient_id, with_identity=False)
    assert patient is not None
    for word in (scan.id, patient.pseudonym, ADA.name, "Ada", "missed", "umour", house.head.display_name):
        assert word not in title + text
    assert mail_about(KindCount(real=2), URL).text.startswith("2 scans wait for a review.")


def test_real_and_synthetic_scans_never_share_a_number_in_a_mail(house: House) -> None:
    house.choose()
    scan = house.clinic.scans.get(house.results[0].scan_id)
    assert scan is not None
    made = replace(scan, id=new_id(), content_sha256=new_id(), synthetic=True)
    house.clinic.scans.add(made)
    of_nobody = house.clinic.read_film(made, task=scan.task)
    house.ask([*house.results[:2], of_nobody])
    house.later()
    ((_, title, text),) = house.post.sent
    assert title == "Lightbox: 2 reviews are asked for, 1 SYNTHETIC review is asked for"
    assert text.startswith("2 scans wait for a review.\n1 SYNTHETIC scan waits for a review.\n")
    house.ask(house.results[2:3])
    house.later()
    assert "SYNTHETIC" not in "".join(house.post.sent[1][1:])


def test_nobody_is_mailed_who_has_not_chosen_it_or_has_chosen_otherwise(house: House) -> None:
    house.ask(house.results[:1])
    house.later()
    house.choose()  # what was asked for before is on the worklist
    house.later()
    house.choose(None)
    house.ask(house.results[1:2])
    house.later()
    assert house.post.sent == []


def test_one_s_own_requests_answered_ones_and_those_taken_back_are_not_told(house: House) -> None:
    house.choose()
    house.ask(house.results[:1], by=house.reader)
    house.ask(house.results[1:3])
    house.clinic.services.reviewing.reviews.accept(house.results[1].scan_id, house.reader)
    request = house.clinic.services.reviewing.requests.of_scan(house.results[2].scan_id)
    assert request is not None
    house.clinic.services.reviewing.requests.withdraw(request.id, house.head)
    house.later()
    assert house.post.sent == []


def test_who_chose_their_own_scans_is_told_of_those_alone(house: House) -> None:
    house.choose(MailedReviews.MINE)
    house.clinic.services.reviewing.triage.take([house.results[0].scan_id], house.reader)
    house.ask(house.results[:3])
    house.later()
    assert house.titles == ["Lightbox: 1 review is asked for"]


def test_somebody_who_reviews_no_more_gets_none(house: House) -> None:
    house.choose()
    house.ask(house.results[:1])
    house.clinic.accounts.set_role(house.reader.id, Role.MLOPS)
    house.later()
    house.clinic.accounts.set_role(house.reader.id, Role.CLINICIAN)
    house.clinic.accounts.set_active(house.reader.id, False)
    house.later()
    assert house.post.sent == []


def test_a_mail_that_is_not_taken_is_tried_again_and_said(house: House) -> None:
    house.choose()
    house.ask(house.results[:1])
    house.post.fault = "The e-mail through mail.clinic.example did not take it."
    house.later()
    refused = house.mails.refused(house.reader)
    assert refused is not None and refused.why == house.post.fault
    house.post.fault = None
    house.later(AGAIN - timedelta(seconds=5))
    assert house.post.sent == []
    house.later(timedelta(seconds=10))
    assert len(house.post.sent) == 1 and house.mails.refused(house.reader) is None


def test_two_servers_that_look_at_once_send_one_mail(house: House) -> None:
    """Both saw that a mail is due; the second finds it told."""
    house.choose()
    house.ask(house.results[:1])
    store, user = UserStore(house.clinic.database), house.reader
    until = store.mail_choice(user.id).told[MailTopic.REVIEWS]
    house.ahead += BETWEEN
    assert store.move_mails(user.id, MailTopic.REVIEWS, until, house.clock() - SETTLE)
    assert not store.move_mails(user.id, MailTopic.REVIEWS, until, house.clock())
    house.mails.tick()
    assert house.post.sent == []


@pytest.mark.parametrize("mail", ["", "ada", "ada@clinic", "a@b.example,c@d.example", "a b@c.example"])
def test_an_address_is_one_address(house: House, mail: str) -> None:
    with pytest.raises(InvalidInput, match="one e-mail address"):
        house.mails.choose(house.reader, mail, reviews=MailedReviews.ALL)


def test_who_is_not_asked_for_reviews_and_a_server_without_mail_have_no_choice(house: House) -> None:
    with pytest.raises(NotAllowed):
        house.mails.choose(house.head, "head@clinic.example", reviews=MailedReviews.ALL)
    silent = house.started(server="")
    assert not silent.possible
    with pytest.raises(InvalidInput, match="sends no mails"):
        silent.choose(house.reader, "ada@clinic.example", reviews=MailedReviews.ALL)


@pytest.mark.parametrize("server", ["smtp.clinic.example", "json://host/path", "mailto://host:25"])
def test_a_setting_that_is_no_mail_server_is_refused_at_the_start(server: str) -> None:
    with pytest.raises(InvalidInput, match="LIGHTBOX_MAIL is not of the form"):
        mail_to(server, "ada@clinic.example")


def test_a_mail_goes_to_the_person_and_to_nobody_of_the_setting() -> None:
    address = mail_to(
        f"mailtos://{LOGIN}@host?from=l%40c.example&to=x%40c.example&cc=y%40c.example", "a@b.example"
    )
    assert address.url == f"mailtos://{LOGIN}@host?from=l%40c.example&to=a%40b.example"
    assert "p%40ss" not in repr(address) and address.name == "e-mail through host"
    fault = Delivery().send(Address("no://x", "LIGHTBOX_MAIL"), "title", "text", Severity.CALM)
    assert fault is not None and fault.endswith("in LIGHTBOX_MAIL.")
    assert LOGIN not in repr(Settings(mail=f"mailto://{LOGIN}@host"))
