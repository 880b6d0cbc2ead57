"""Who puts «لغو۱۱» behind a text."""

from pathlib import Path

import pytest

from notifier.diagnostics import offline
from notifier.sms.opt_out import ROOM, OptOutBy, footed

ROOT = Path(__file__).parents[2]
GOOD = (ROOT / "config.toml").read_text().replace('folder = "templates"', f'folder = "{ROOT / "templates"}"')


@pytest.mark.parametrize("by", [OptOutBy.PROVIDER, OptOutBy.NOBODY])
def test_others_texts_are_left_alone(by: OptOutBy) -> None:
    assert footed("سفارش ۱", by) == "سفارش ۱"


def test_ours_say_it_once() -> None:
    once = footed("سفارش ۱", OptOutBy.NOTIFIER)
    assert once == "سفارش ۱\nلغو۱۱"
    assert footed(once, OptOutBy.NOTIFIER) == once
    assert len(once) - len("سفارش ۱") == ROOM


@pytest.mark.parametrize("end", ["لغو11", "لغو ۱۱", "لغو ۱۱ \n", "لغو\u200c11"])
def test_what_says_it_in_other_ways_says_it(end: str) -> None:
    assert footed(f"سفارش ۱\n{end}", OptOutBy.NOTIFIER) == f"سفارش ۱\n{end}"


def test_a_word_within_is_not_it() -> None:
    assert footed("لغو۱۱ را بفرستید.", OptOutBy.NOTIFIER).endswith("\nلغو۱۱")


@pytest.mark.parametrize(
    ("by", "reserve", "warned"),
    [
        ("provider", 7, False),
        ("provider", 0, False),
        ("notifier", 7, False),
        ("notifier", 6, False),
        ("notifier", 5, True),
        ("notifier", 0, True),
        ("nobody", 0, False),
        ("nobody", 7, True),
    ],
)
def test_room_is_kept_for_it_and_for_nothing(tmp_path: Path, by: str, reserve: int, warned: bool) -> None:
    text = GOOD.replace("reserve = 7", f"reserve = {reserve}")
    text = text.replace('opt_out_by = "provider"', f'opt_out_by = "{by}"', 1)
    (tmp_path / "config.toml").write_text(text)
    found = [one.text for one in offline.check(tmp_path / "config.toml")]
    assert any("sms.price.reserve" in said for said in found) is warned
