"""dcmtk sends to the DICOM node: what may come in does, the rest is refused in the protocol's words."""

from __future__ import annotations

import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import MPEG2MPML, DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from services.receiving.node_state import read_state
from tests.data.formats.making import picture
from tests.integration.dicom_node import AE_TITLE, PATIENCE_S, Node, node, program, saved

pytestmark = pytest.mark.integration

CT = "1.2.840.10008.5.1.4.1.1.2"
PIXELS = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("node")
    with node(folder / "home", DICOM_SENDERS="SCANNER@127.0.0.1, PACS@10.0.0.0/8") as started:
        yield started


def test_echo_is_answered(listening: Node) -> None:
    done = listening.echo("-v")
    assert done.returncode == 0, done
    assert "Received Echo Response (Success)" in done.stdout + done.stderr


def test_who_calls_another_ae_title_is_told_so(listening: Node) -> None:
    done = listening.echo(called="SOMEBODY")
    assert done.returncode != 0
    assert "Called AE Title Not Recognized" in done.stderr


@pytest.mark.parametrize("calling", ["STRANGER", "PACS"])  # PACS may send from another address
def test_who_may_not_send_is_told_so_and_shown(listening: Node, calling: str) -> None:
    done = listening.echo(calling=calling)
    assert done.returncode != 0
    assert "Calling AE Title Not Recognized" in done.stderr
    assert listening.log.count(f"rejected an association of {calling} from 127.0.0.1") == 1


def test_refused_senders_are_written_down_for_the_page(listening: Node) -> None:
    for _ in range(2):
        listening.echo(calling="NOSY")
    for _ in range(100):
        state = read_state(listening.home / "dicom")
        refused = {who.ae_title: who.times for who in state.refused} if state else {}
        if refused.get("NOSY") == 2:
            break
        subprocess.run(["sleep", "0.1"], check=True)
    assert refused["NOSY"] == 2
    assert state is not None and state.running() and state.ae_title == AE_TITLE


def test_another_sop_class_has_no_presentation_context(listening: Node, tmp_path: Path) -> None:
    files = saved([picture(PIXELS, SOPClassUID=CT, Modality="CT")], tmp_path / "sent")
    done = listening.send(files)
    assert done.returncode != 0
    assert "No presentation context for: (CT)" in done.stdout
    assert not (set(listening.received()) & {Path(f.name) for f in files})


def test_a_transfer_syntax_that_is_not_decoded_has_no_presentation_context(
    listening: Node, tmp_path: Path
) -> None:
    dataset = picture(PIXELS)
    dataset.PixelData = pydicom.encaps.encapsulate([PIXELS.tobytes()])
    dataset.file_meta.TransferSyntaxUID = MPEG2MPML
    before = listening.received()
    done = listening.send(saved([dataset], tmp_path / "sent"), "-xm", "--required")
    assert done.returncode != 0
    assert "No presentation context for" in done.stdout or "No Acceptable" in done.stdout
    assert listening.received() == before


@pytest.mark.parametrize(
    ("syntax", "option"), [(ImplicitVRLittleEndian, "-xi"), (DeflatedExplicitVRLittleEndian, "-xd")]
)
def test_what_was_sent_lies_there_byte_by_byte_with_its_sender(
    listening: Node, tmp_path: Path, syntax: str, option: str
) -> None:
    dataset = picture(PIXELS, StudyInstanceUID=f"1.2.3.{len(option)}.{syntax[-2:].strip('.')}")
    dataset.file_meta.TransferSyntaxUID = syntax
    (tmp_path / "sent").mkdir()
    sent = tmp_path / "sent" / "one"
    dataset["PixelData"].VR = "OW"
    dataset.save_as(sent, enforce_file_format=True)
    done = listening.send([sent], option)
    assert done.returncode == 0, done.stdout
    kept = [pydicom.dcmread(file) for file in listening.received() if file.stem == dataset.SOPInstanceUID]
    assert len(kept) == 1
    assert np.array_equal(kept[0].pixel_array, PIXELS)
    assert kept[0].file_meta.SourceApplicationEntityTitle == "SCANNER"
    assert kept[0].file_meta.TransferSyntaxUID == syntax


def test_an_instance_that_is_sent_again_is_accepted_and_there_once(listening: Node, tmp_path: Path) -> None:
    files = saved([picture(PIXELS, StudyInstanceUID="1.2.3.77") for _ in range(3)], tmp_path / "sent")
    for _ in range(2):
        done = listening.send(files)
        assert done.returncode == 0
        assert done.stdout.count("Received Store Response (Success)") == 3
    assert sum("1.2.3.77" in file.parts for file in listening.received()) == 3


def test_an_instance_without_a_study_cannot_be_understood(listening: Node, tmp_path: Path) -> None:
    dataset = picture(PIXELS)
    del dataset.StudyInstanceUID
    done = listening.send(saved([dataset], tmp_path / "sent"))
    assert "Received Store Response (0xc000" in done.stdout.lower() or "CannotUnderstand" in done.stdout, (
        done.stdout
    )


def test_a_full_folder_answers_out_of_resources_and_takes_what_fits(tmp_path: Path) -> None:
    large = np.zeros((512, 512), np.uint16)  # half a MiB
    files = saved([picture(large) for _ in range(3)], tmp_path / "sent")
    with node(tmp_path / "home", DICOM_FOLDER_MIB=1) as small:
        said = [small.send([file]).stdout for file in files]
        kept = small.received()
    assert ["Success" in words.split("Received Store Response")[1] for words in said] == [True, False, False]
    assert all("OutOfResources" in words for words in said[1:]), said[1]
    assert len(kept) == 1


def test_a_folder_that_cannot_be_written_answers_out_of_resources(tmp_path: Path) -> None:
    files = saved([picture(PIXELS)], tmp_path / "sent")
    with node(tmp_path / "home") as broken:
        (tmp_path / "home" / "dicom" / "studies").rmdir()
        (tmp_path / "home" / "dicom" / "studies").write_text("in the way")
        said = broken.send(files).stdout
    assert "OutOfResources" in said


def test_half_an_association_keeps_nobody_out(listening: Node) -> None:
    with socket.create_connection(("127.0.0.1", listening.port)) as half:
        half.sendall(b"\x01\x00\x00\x00")  # the beginning of an A-ASSOCIATE-RQ
        assert listening.echo().returncode == 0
    assert listening.echo().returncode == 0


def test_with_tls_only_who_has_a_certificate_of_the_ca_may_send(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    openssl = [program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    subprocess.run([*openssl, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    files = saved([picture(PIXELS)], tmp_path / "sent")
    secured = {"DICOM_CERTIFICATE": certificate, "DICOM_KEY": key, "DICOM_CA": certificate}
    with node(tmp_path / "home", **secured) as tls:
        assert tls.echo().returncode != 0  # without TLS
        anonymous = tls.echo("+tla", "+cf", str(certificate))
        assert anonymous.returncode != 0
        done = tls.send(files, "+tls", str(key), str(certificate), "+cf", str(certificate))
        assert done.returncode == 0, done.stdout
        assert len(tls.received()) == 1


def test_a_sender_that_is_cut_off_is_logged_in_a_line(tmp_path: Path) -> None:
    files = saved([picture(PIXELS)], tmp_path / "sent")
    with node(tmp_path / "home") as listening:
        with socket.create_connection(("127.0.0.1", listening.port)) as cut_off:
            cut_off.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            cut_off.sendall(b"\x01\x00")
        assert listening.send(files).returncode == 0
        until = time.monotonic() + PATIENCE_S
        while "reset by peer" not in listening.log:
            assert time.monotonic() < until, listening.log
            time.sleep(0.1)
    assert "Traceback" not in listening.log
