"""What the takers of pictures share: the system's Chromium, the folder, and smaller files where pngquant is there."""

import shutil
import subprocess
from pathlib import Path

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FOLDER = Path(__file__).parents[2] / "docs" / "pictures"


def make_smaller(picture: Path) -> None:
    if pngquant := shutil.which("pngquant"):
        subprocess.run([pngquant, "--force", "--ext", ".png", "--strip", picture], check=True)
