"""``python -m tools.reference`` writes the pages of docs/ that are made from the code, the templates and
``config.toml``."""

from collections.abc import Mapping
from pathlib import Path

from notifier.config import shipped
from notifier.config.loading import load
from notifier.texts import loading, reference
from tools.reference import api, commands, configuration, events, metrics, states, store

DOCS = shipped.ROOT / "docs"
FOLDER = DOCS / "reference"

API = FOLDER / "openapi.json"


def pages() -> Mapping[Path, str]:
    """Each page with what it must say."""
    config = load(shipped.CONFIG, environment={})
    shop, prices = config.shop, config.sms.price
    return {
        DOCS / "texts.md": reference.texts(loading.load(config), config.shops, prices),
        FOLDER / "variables.md": reference.variables(shop),
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
