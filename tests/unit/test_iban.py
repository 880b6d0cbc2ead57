"""Sheba numbers, as shops write them."""

import pytest

from notifier.domain.iban import sheba

RIGHT = "IR820540102680020817909002"


@pytest.mark.parametrize(
    "text",
    [
        RIGHT,
        "820540102680020817909002",
        "IR82 0540 1026 8002 0817 9090 02",
        "ir82-0540-1026-8002-0817-9090-02",
        "IR۸۲۰۵۴۰۱۰۲۶۸۰۰۲۰۸۱۷۹۰۹۰۰۲",
        "\u200eIR820540102680020817909002\u200f ",
    ],
)
def test_one_form_of_a_right_one(text: str) -> None:
    assert sheba(text) == RIGHT


@pytest.mark.parametrize("text", ["", " ", "-"])
def test_none_is_none(text: str) -> None:
    assert sheba(text) == ""


@pytest.mark.parametrize(
    ("text", "saying"),
    [
        ("IR820540102680020817909003", "wrong digit"),
        ("IR820540102680020817900902", "wrong digit"),  # two changed places
        ("IR000000000000000000000000", "wrong digit"),
        ("IR82054010268002081790900", "24 digits"),
        ("IR8205401026800208179090021", "24 digits"),
        ("DE89370400440532013000", "24 digits"),
        ("6104337712345678", "24 digits"),
        ("شبا", "24 digits"),
        ("1" * 1_000_000, "longer"),
    ],
)
def test_a_wrong_one_is_refused(text: str, saying: str) -> None:
    with pytest.raises(ValueError, match=saying):
        sheba(text)
