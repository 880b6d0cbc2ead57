"""docs/reference/store.md says of every kind of key what ends it."""

import inspect
import re
from pathlib import Path

import pytest

from notifier.config.retention import RetentionConfig
from notifier.store import keys
from notifier.store.keys import Keys

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "store.md").read_text()
NAMES = [
    *(name for name in vars(Keys) if not name.startswith("_") and name not in ("partition", "count", "index")),
    *(name for name, value in vars(keys).items() if inspect.isfunction(value) and value.__module__ == keys.__name__),
    *(name for name, value in vars(keys).items() if isinstance(value, str) and value.startswith("n:")),
]
ROWS = [re.findall(r"`(\w+)`", row.split("|")[1]) for row in PAGE.splitlines() if row.startswith("| `")]


def test_the_names_are_found() -> None:
    assert {"order", "closed", "open_calls", "session", "route", "SCHEMA"} <= set(NAMES)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "partition_of"])
def test_every_key_has_a_row(name: str) -> None:
    assert sum(name in row for row in ROWS) == 1


def test_no_row_is_about_a_key_that_is_gone() -> None:
    assert {name for row in ROWS for name in row} <= set(NAMES)


def test_its_periods_are_keys_of_the_configuration() -> None:
    named = set(re.findall(r"(?<!\*)\*([a-z_]+)\*(?!\*)", PAGE))
    assert named <= set(RetentionConfig.model_fields)
    assert {"pack", "orders", "open_orders", "remembered", "event_ids", "every"} <= named
