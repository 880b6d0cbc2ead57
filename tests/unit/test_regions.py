import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulebook import CONFIG

from notifier.domain.regions import Regions

REGIONS = CONFIG.regions.regions()
LETTERS = {"ی": "يىی", "ک": "كک", "ه": "ههة", "ا": "ا"}


@pytest.mark.parametrize(
    "city",
    [
        "تهران",
        " تهران ",
        "تهران‌",
        "‌تهران",
        "تهـــران",
        "\u200fتهران\u200e",
        "طهران",
        "شهر تهران",
        "شهر  تهران",
        "تهران بزرگ",
        "Tehran",
        "TEHRAN",
        "tehran ",
        "Teheran",
        "ＴＥＨＲＡＮ",
        "تِهران",
    ],
)
def test_spellings_of_tehran(city: str) -> None:
    assert REGIONS.region(city) == "tehran"


@pytest.mark.parametrize(
    "city",
    [
        "کرج",
        "اسلامشهر",
        "اسلام‌شهر",
        "شهریار",
        "اصفهان",
        "Isfahan",
        "استان تهران",
        "",
        " ",
        "۱۲",
        None,
    ],
)
def test_every_other_city_lies_elsewhere(city: str | None) -> None:
    assert REGIONS.region(city) == "elsewhere"


@given(st.text())
def test_any_text_lies_in_some_region(city: str) -> None:
    assert REGIONS.region(city) in {"tehran", "elsewhere"}


@given(st.lists(st.sampled_from([" ", "\t", "‌", "\u200e", "\u200f", "ـ"]), max_size=5).map("".join), st.booleans())
def test_stray_signs_change_nothing(stray: str, before: bool) -> None:
    assert REGIONS.region(stray + "تهران" if before else "تهران" + stray) == "tehran"


def test_arabic_letters_are_persian_ones() -> None:
    regions = Regions.of({"karaj": ["كرج"], "yazd": ["يزد", "Yazd"]}, default="else")
    assert (regions.region("کرج"), regions.region("یزد"), regions.region("YAZD")) == ("karaj", "yazd", "yazd")
    assert regions.region("تهران") == "else"
