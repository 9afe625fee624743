"""Settings from the environment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from data.database import migrate, open_database
from data.errors import InvalidInput
from services import settings
from services.inference.choice import Wanted
from services.settings import Settings


def test_every_default_works_without_any_setting() -> None:
    made = Settings.from_env({})
    assert made.database_url.startswith("sqlite:///")
    assert made.tracking_uri.startswith("sqlite:///")
    assert Path(made.files_url).is_relative_to(made.home)


def test_what_the_environment_says_is_taken() -> None:
    made = Settings.from_env(
        {
            "LIGHTBOX_HOME": "/srv/box",
            "LIGHTBOX_PORT": "9000",
            "LIGHTBOX_HTTPS": "true",
            "LIGHTBOX_MAX_SCAN_MIB": "5",
        }
    )
    assert (made.home, made.port, made.https, made.max_scan_bytes) == (Path("/srv/box"), 9000, True, 5 << 20)


@pytest.mark.parametrize("wrong", ["many", "0", "-3", "1.5"])
def test_a_wrong_number_names_its_setting(wrong: str) -> None:
    with pytest.raises(InvalidInput, match="LIGHTBOX_THREADS"):
        Settings.from_env({"LIGHTBOX_THREADS": wrong})


@pytest.mark.parametrize("wrong", ["A" * 17, "BACK\\SLASH", "RÖNTGEN"])
def test_an_ae_title_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidInput, match="LIGHTBOX_DICOM_AE_TITLE"):
        Settings.from_env({"LIGHTBOX_DICOM_AE_TITLE": wrong})
    assert Settings.from_env({"LIGHTBOX_DICOM_AE_TITLE": "A" * 16}).dicom_ae_title == "A" * 16


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", ":Asia/Tokyo", "CET-1CEST,M3.5.0,M10.5.0/3", ""])
def test_a_time_zone_is_taken(zone: str) -> None:
    assert Settings.from_env({"TZ": zone}).time_zone == zone.removeprefix(":")


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(InvalidInput, match="TZ"):
        Settings.from_env({"TZ": "Europe/Berlinn"})


def test_every_setting_is_documented() -> None:
    source = Path(settings.__file__).read_text()
    read = set(re.findall(r'"((?:LIGHTBOX_|DATABASE_|MLFLOW_)[A-Z_]+|TZ)"', source))
    documented = (Path(__file__).parents[2] / "docs" / "settings.md").read_text()
    assert read
    assert {name for name in read if f"`{name}`" not in documented} == set()


@pytest.mark.parametrize("name", ["100%41", "what?", "#1", "a b", "Röntgen", "a;b&c=d", "plain"])
def test_the_databases_lie_in_the_home_folder_whatever_it_is_called(name: str, tmp_path: Path) -> None:
    settings = Settings.from_env({"LIGHTBOX_HOME": str(tmp_path / name)})
    for url in (settings.database_url, settings.tracking_uri):
        database = open_database(url)
        migrate(database)
        database.dispose()
    assert {file.name for file in (tmp_path / name).iterdir()} >= {"lightbox.db", "mlflow.db"}
    assert [folder.name for folder in tmp_path.iterdir()] == [name]


def test_the_backend_is_one_of_four_words() -> None:
    assert Settings.from_env({}).backend == "auto"
    assert Settings.from_env({"LIGHTBOX_BACKEND": "OpenVINO"}).backend == "openvino"
    with pytest.raises(InvalidInput, match="LIGHTBOX_BACKEND must be one of auto, torch, openvino, exact"):
        Settings.from_env({"LIGHTBOX_BACKEND": "tensorrt"})
    assert tuple(Wanted) == settings.BACKENDS


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("DATABASE_URL", "database_url"),
        ("LIGHTBOX_SECRET_KEY", "secret_key"),
        ("LIGHTBOX_ALERTS", "alerts"),
        ("LIGHTBOX_MAIL", "mail"),
        ("LIGHTBOX_SIGN_PASSWORD", "sign_password"),
    ],
)
def test_a_secret_may_stand_in_a_file(name: str, field: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("s3cret\n")
    assert getattr(Settings.from_env({f"{name}_FILE": str(file)}), field) == "s3cret"
    assert getattr(Settings.from_env({name: "other"}), field) == "other"
    with pytest.raises(InvalidInput, match=f"{name} or {name}_FILE, not both"):
        Settings.from_env({name: "other", f"{name}_FILE": str(file)})
