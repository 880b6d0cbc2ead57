import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.sms import segments


@pytest.mark.parametrize(
    ("letters", "count"),
    [(0, 0), (1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4), (900, 14)],
)
def test_persian_parts(letters: int, count: int) -> None:
    assert segments.segments("س" * letters) == count
    assert segments.units("س" * letters) == letters


@pytest.mark.parametrize(("letters", "count"), [(1, 1), (160, 1), (161, 2), (306, 2), (307, 3), (459, 3), (460, 4)])
def test_latin_parts(letters: int, count: int) -> None:
    assert segments.segments("a" * letters) == count


def test_the_extension_table_counts_two() -> None:
    assert segments.segments("€" * 80) == 1
    assert segments.segments("€" * 80 + "a") == 2
    assert not segments.is_unicode("^{}\\[~]|€\f")


def test_the_default_alphabet() -> None:
    alphabet = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ÄÖÑÜ§¿äöñüà"
    assert not segments.is_unicode(alphabet + "AZaz")
    # 128 places less the escape
    assert sum(not segments.is_unicode(chr(code)) for code in range(0x10000)) == 127 + 10
    for stranger in ("س", "`", "ç", "\t", "\x1b", "\u200c", "\u200e", "«", "🙂"):
        assert segments.is_unicode("a" + stranger)


def test_an_emoji_is_two_units_and_a_mark_one() -> None:
    assert segments.units("🙂") == 2
    assert segments.units("\u200e\u200c") == 2
    assert segments.segments("🙂" * 35) == 1
    assert segments.segments("🙂" * 35 + "a") == 2
    assert segments.units("\ud800") == 1  # half a pair, as careless senders cut them


@given(st.text(max_size=400), st.text(max_size=40), st.integers(0, 100))
def test_more_text_is_never_fewer_parts(text: str, more: str, reserve: int) -> None:
    assert segments.segments(text + more) >= segments.segments(text)
    assert segments.segments(text, reserve=reserve) >= segments.segments(text)
    assert segments.units(text + more) == segments.units(text) + segments.units(more)


@given(st.text("سلام", max_size=300), st.integers(0, 100))
def test_reserve_is_room_for_that_many_units(text: str, reserve: int) -> None:
    text = "س" + text
    assert segments.segments(text, reserve=reserve) == segments.segments(text + "م" * reserve)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("ا" * 66 + "🙂" + "ا" * 66, 3),  # the emoji does not fit into the first part, and the last letter not into two
        ("ا" * 65 + "🙂" + "ا" * 67, 2),
        ("ا" * 68 + "🙂", 1),
        ("🙂" * 66, 2),
        ("🙂" * 67, 3),
    ],
)
def test_an_emoji_is_not_torn_apart(text: str, count: int) -> None:
    assert segments.segments(text) == count
