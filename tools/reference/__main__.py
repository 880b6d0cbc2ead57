"""``python -m tools.reference`` writes the reference pages that are made from the code and from ``config.toml``."""

from collections.abc import Mapping
from pathlib import Path

from notifier.config import shipped
from tools.reference import api, commands, configuration, events, metrics, states, store

FOLDER = shipped.ROOT / "docs" / "reference"

API = FOLDER / "openapi.json"


def pages() -> Mapping[Path, str]:
    """Each page with what it must say."""
    return {
        FOLDER / "configuration.md": configuration.page(),
        FOLDER / "events.md": events.page(),
        FOLDER / "states.md": states.page(),
        FOLDER / "cli.md": commands.page(),
        FOLDER / "metrics.md": metrics.page(),
        FOLDER / "store.md": store.page(FOLDER / "store.md"),
    }


if __name__ == "__main__":
    for path, text in {**pages(), API: api.page()}.items():
        path.write_text(text, encoding="utf-8")
