"""``python -m notifier.texts`` writes the pages of docs/ that are made from the code and the templates."""

from collections.abc import Mapping
from pathlib import Path

from notifier.config import shipped
from notifier.config.loading import load
from notifier.texts import loading, reference

DOCS = shipped.ROOT / "docs"


def pages() -> Mapping[Path, str]:
    """Each page with what it must say."""
    config = load(shipped.CONFIG, environment={})
    shop, prices = config.shop, config.sms.price
    return {
        DOCS / "reference" / "variables.md": reference.variables(shop),
        DOCS / "texts.md": reference.texts(loading.load(config), shop, prices),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
