"""Who may send to the DICOM node."""

from __future__ import annotations

import pytest

from data.errors import InvalidInput
from services.receiving.senders import AllowedSenders
from services.settings import Settings


@pytest.mark.parametrize(
    ("ae_title", "address", "admitted"),
    [
        ("MR1", "10.1.0.5", True),
        ("MR1", "10.1.0.6", False),
        ("mr1", "10.1.0.5", False),
        ("CR7", "10.2.255.1", True),
        ("CR7", "10.3.0.1", False),
        ("PACS", "192.0.2.1", True),
        ("PACS", "::ffff:10.1.0.5", True),
        ("MR1", "::ffff:10.1.0.5", True),
        ("MR1", "fe80::1%eth0", False),
    ],
)
def test_title_and_address_have_to_fit(ae_title: str, address: str, admitted: bool) -> None:
    allowed = AllowedSenders.read("MR1@10.1.0.5, *@10.2.0.0/16,PACS@*")
    assert allowed.admits(ae_title, address) is admitted


def test_by_default_only_this_machine_sends() -> None:
    allowed = AllowedSenders.read(Settings.from_env({}).dicom_senders)
    assert allowed.admits("ANY", "127.0.0.1")
    assert not allowed.admits("ANY", "10.0.0.1")


@pytest.mark.parametrize(
    "wrong", ["MR1", "@10.0.0.1", "MR1@", "MR1@nowhere", "A" * 17 + "@*", "MR1@10.0.0.0/99"]
)
def test_a_wrong_entry_is_named(wrong: str) -> None:
    with pytest.raises(InvalidInput, match="LIGHTBOX_DICOM_SENDERS"):
        AllowedSenders.read(f"PACS@*, {wrong}")
