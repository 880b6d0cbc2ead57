"""One table has every kind of key: what it is called, what ends it, how it moves. docs/reference/store.md shows it."""

import inspect
import re
from inspect import signature
from pathlib import Path

import pytest

from notifier.config.retention import RetentionConfig
from notifier.store import keys, places
from notifier.store.keys import Keys

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "store.md").read_text()
ROWS = [row.split("|")[1].strip(" `") for row in PAGE.splitlines() if row.startswith("| `")]
NO_ROW = ("kept", "partition_of")  # the first chooses between two rows, the second names no key


def key(name: str) -> str:
    """A key of this kind, about things called x."""
    found = getattr(keys, name) if hasattr(keys, name) else getattr(Keys(3), name)
    return found if isinstance(found, str) else found(*["x"] * len(signature(found).parameters))


def test_every_key_is_a_row_of_the_table() -> None:
    of_partition = {name for name in vars(Keys) if not name.startswith("_")} - {"partition", "head"}
    assert of_partition == set(keys.OF_A_PARTITION)
    elsewhere = {
        name
        for name, value in vars(keys).items()
        if (inspect.isfunction(value) and value.__module__ == keys.__name__ and not name.startswith("_"))
        or (isinstance(value, str) and value.startswith("n:"))
    } - set(NO_ROW)
    names = [kind.pattern for kind in keys.ELSEWHERE.values()]
    assert len(elsewhere) == len(names)
    assert all(sum(bool(pattern.fullmatch(key(name))) for pattern in names) == 1 for name in elsewhere)


@pytest.mark.parametrize("name", keys.OF_A_PARTITION)
def test_a_key_of_a_partition_has_its_own_row_and_a_way_to_move(name: str) -> None:
    found = places.found(key(name).encode())
    assert found is not None
    assert (found.partition, found.rule) == (3, keys.OF_A_PARTITION[name].moves)


@pytest.mark.parametrize(
    ("rest", "about"),
    [("order:shop:10:25", "shop:10:25"), ("customer:09121234567:orders", "09121234567"), ("parked:10025", "10025")],
)
def test_a_name_says_what_it_is_about(rest: str, about: str) -> None:
    found = places.found(f"n:{{0}}:{rest}".encode())
    assert found is not None
    assert found.about == about


def test_a_key_that_no_row_has_is_not_moved() -> None:
    with pytest.raises(places.UnknownKey, match="something:new"):
        places.found(b"n:{0}:something:new")


def test_the_page_has_all_rows_and_no_others() -> None:
    assert [
        *(f"n:{{P}}:{kind.name}" for kind in keys.OF_A_PARTITION.values()),
        *(kind.name for kind in keys.ELSEWHERE.values()),
    ] == ROWS
    assert {"n:{P}:order:<source>:<order>", "n:route:<source>:<order>", "n:schema"} <= set(ROWS)


def test_its_periods_are_keys_of_the_configuration() -> None:
    named = set(re.findall(r"(?<!\*)\*([a-z_]+)\*(?!\*)", PAGE))
    assert named <= set(RetentionConfig.model_fields)
    assert {"pack", "orders", "open_orders", "remembered", "event_ids", "every"} <= named
