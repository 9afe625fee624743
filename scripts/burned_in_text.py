"""How well text in pictures is found: planted names that are found, clean pictures that are held.

    python scripts/burned_in_text.py FOLDER_OF_PICTURES --planted 500 --clean 1000 --first 1000 > figures.json

Each of the strangers' pictures is made 1,024 pixels large and gets one text (Latin with accents,
Cyrillic, Greek, Chinese, Japanese, Korean, Arabic, numbers, dates of birth), 10 to 40 px, white, black, grey,
faint (35 grey levels) or in a black box, a fifth upright; or none. `--first` begins at another
number, so that limits are chosen on some and measured on others. Films of strangers may carry writing of
their own: `--pictures FOLDER` keeps the held ones with frames, for a person to tell them apart.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from matplotlib import get_data_path
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from data.records import PictureBox
from models.statistics.proportions import proportion
from models.text_detection.detector import OcrDetector
from models.text_detection.rule import DetectedText, holding
from reports.boxed_picture import boxed_png

Picture = NDArray[np.uint8]
SIDE, EDGE = 1024, 4
TEXTS = {
    "latin": (
        "SMITH, JOHN|Müller^Anna|Lovelace Ada|GARCÍA LÓPEZ MARÍA|Nguyễn Thị Hoa|O'Brien, Kevin|"
        "JØRGENSEN LÆRKE|Kowalska Agnieszka|DOE^JANE|Le, Vy|Żółć Łukasz|van der Berg P."
    ),
    "number": "MRN 0048213|ID: A7731-88|PID 20094417|ACC# 55102938|7731-2284-19|Pat.Nr. 118273",
    "date": "DOB 12.03.1961|1961-03-12|12/03/1961|Born: 04-Jul-1978|geb. 07.11.1949",
    "cyrillic": "ИВАНОВ ИВАН|Смирнова Ольга|Петренко Оксана",
    "greek": "ΠΑΠΑΔΟΠΟΥΛΟΣ ΓΙΩΡΓΟΣ|Νικολάου Μαρία",
    "cjk": "王小明|田中太郎|김철수|李静|山田 花子",
    "arabic": "محمد علي|فاطمة الزهراء",
}
KINDS = (
    ["latin"] * 8 + ["number"] * 3 + ["date"] * 3 + ["cyrillic"] * 2 + ["greek"] + ["cjk"] * 2 + ["arabic"]
)
STYLES = ("white", "black", "grey", "grey", "faint", "boxed")


@dataclass(frozen=True)
class Plant:
    """What was written where: top, left, bottom, right in pixels."""

    kind: str
    text: str
    size: int
    style: str
    upright: bool
    box: tuple[int, int, int, int]


def main() -> None:
    """Print the figures as JSON."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--planted", type=int, default=500)
    asked.add_argument("--clean", type=int, default=1000)
    asked.add_argument("--first", type=int, default=0)
    asked.add_argument("--pictures", type=Path, help="keep the held pictures here, with frames")
    given = asked.parse_args()
    kinds = (".jpg", ".jpeg", ".png")
    files = sorted(file for file in given.folder.rglob("*") if file.suffix.lower() in kinds)
    random.Random(7).shuffle(files)
    chosen = files[given.first :]
    detector, seconds = OcrDetector(), []
    detector.find(np.zeros((SIDE, SIDE), np.uint8))  # loaded outside the time that is taken

    def look(picture: Picture) -> list[DetectedText]:
        began = time.process_time()
        detected = holding(detector.find(picture), picture.shape)
        seconds.append(time.process_time() - began)
        return detected

    missed, held = [], []
    for number, file in enumerate(chosen[: given.planted]):
        picture, plant = planted(_grey(file), random.Random(given.first + number))
        if not any(_on(plant, detected) for detected in look(picture)):
            missed.append(vars(plant))
    for file in chosen[given.planted : given.planted + given.clean]:
        detected = look(_grey(file))
        if detected:
            held.append({"file": file.name, "read": [each.text for each in detected]})
            if given.pictures:
                _keep(given.pictures / f"{file.stem}.png", _grey(file), detected)
    figures = {
        "found": _share(given.planted - len(missed), given.planted),
        "held": _share(len(held), given.clean),
        "cpu_seconds": {"median": float(np.median(seconds)), "p95": float(np.percentile(seconds, 95))},
        "missed": missed,
        "held_pictures": held,
    }
    json.dump(figures, sys.stdout, ensure_ascii=False, indent=1)


def _keep(file: Path, picture: Picture, detected: list[DetectedText]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    boxes = [PictureBox(0, each.top, each.left, each.bottom, each.right) for each in detected]
    file.write_bytes(boxed_png(picture, boxes))


def planted(picture: Picture, chance: random.Random) -> tuple[Picture, Plant]:
    """A picture of 1,024 pixels with a text on it, and which."""
    scale = SIDE / max(picture.shape)
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    background = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    while True:
        kind = chance.choice(KINDS)
        text, points = chance.choice(TEXTS[kind].split("|")), chance.randint(10, 40)
        upright = chance.random() < 0.2
        ink = _written(kind, text, points, chance)
        ink = np.rot90(ink, chance.choice([1, 3])) if upright else ink
        if all(ink.shape[axis] <= background.shape[axis] - 2 * EDGE for axis in (0, 1)):
            break
    low = [chance.choice([EDGE, background.shape[axis] - EDGE - ink.shape[axis]]) for axis in (0, 1)]
    if chance.random() < 0.5:
        low = [chance.randint(EDGE, background.shape[axis] - EDGE - ink.shape[axis]) for axis in (0, 1)]
    top, left = low
    area = (slice(top, top + ink.shape[0]), slice(left, left + ink.shape[1]))
    style = chance.choice(STYLES)
    result = background.copy()
    result[area] = _inked(background[area].astype(np.float32), ink / 255.0, style)
    return result, Plant(kind, text, points, style, upright, (top, left, area[0].stop, area[1].stop))


def _inked(background: NDArray[Any], ink: NDArray[Any], style: str) -> NDArray[Any]:
    under = float(np.median(background))
    if style == "boxed":
        background, under = np.zeros_like(background), 0.0
    away = 1 if under < 150 else -1  # grey levels
    shade = {
        "white": 255.0 if under <= 170 else 0.0,
        "black": 0.0 if under >= 85 else 255.0,
        "grey": under + 70 * away,
        "faint": under + 35 * away,
        "boxed": 230.0,
    }[style]
    return np.clip(background * (1 - ink) + shade * ink, 0, 255).round()


def _written(kind: str, text: str, points: int, chance: random.Random) -> Picture:
    """The ink of a text, cut to its edges."""
    if kind == "cjk":
        canvas = np.zeros((2 * points + 10, int(1.6 * points * len(text)) + 20, 3), np.uint8)
        cv2.putText(canvas, text, (5, int(1.4 * points)), (255, 255, 255), cv2.FontFace("uni"), points, 400)
        ink = canvas[..., 0]
    else:
        fonts = sorted(Path(get_data_path(), "fonts", "ttf").glob("DejaVu*.ttf"))
        fonts = [font for font in fonts if "Display" not in font.name]
        if kind == "arabic":
            fonts = [font for font in fonts if font.stem in ("DejaVuSans", "DejaVuSans-Bold")]
        font = ImageFont.truetype(str(chance.choice(fonts)), points)
        left, top, right, bottom = (int(edge) for edge in font.getbbox(text))
        drawn = Image.new("L", (right - left + 8, bottom - top + 8))
        ImageDraw.Draw(drawn).text((4 - left, 4 - top), text, font=font, fill=255)
        ink = np.asarray(drawn)
    rows, columns = np.nonzero(ink > 60)
    return ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def _on(plant: Plant, detected: DetectedText) -> bool:
    """Whether a box lies on what was planted: a seventh of it, and a quarter of the box."""
    top, left, bottom, right = plant.box
    rows = min(bottom, detected.bottom) - max(top, detected.top)
    columns = min(right, detected.right) - max(left, detected.left)
    both = max(0, rows) * max(0, columns)
    box = (detected.bottom - detected.top) * (detected.right - detected.left)
    return both > 0.15 * (bottom - top) * (right - left) and both > 0.25 * box


def _grey(file: Path) -> Picture:
    return np.asarray(Image.open(file).convert("L"))


def _share(count: int, of: int) -> dict[str, Any]:
    estimate = proportion(count, of)
    return {"n": of, "count": count, "share": estimate.value, "low": estimate.low, "high": estimate.high}


if __name__ == "__main__":
    main()
