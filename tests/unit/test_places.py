"""The table of lines that customers, plugins and address books put into the field of the city."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulebook import CONFIG

from notifier.domain import places
from notifier.domain.regions import Regions

REGIONS = CONFIG.regions.regions()

TEHRAN = """
تهران، منطقه ۵
تهران,منطقه 5
تهران منطقه ۵
منطقه ۵ تهران
منطقهٔ ۲۲، تهران
تهران-پونک
تهران – پونک
تهران / سعادت‌آباد
تهران (نارمک)
تهران پونک
پونک تهران
Tehran, Iran
TEHRAN - IRAN
Tehran Iran
تهران، ایران
ایران، تهران
ایران تهران
استان تهران، شهر تهران
استان تهران - تهران
استان تهران تهران
تهران، استان تهران
Tehran, Tehran Province
Tehran Province, Tehran
Tehran / Tehran
شهرستان تهران
کلان‌شهر تهران
تهران.
تهران ۱۵۱۱۱۱۱۱۱۱
شهر ری
شهرری
شهر‌ری
ری
تهران، شهر ری
شهرستان ری
Shahr-e Rey
Rey
تجریش
Tajrish
شمیران
تهرانپارس
تهران‌پارس
تهران پارس
Tehranpars
تهرانسر
نارمک
سعادت‌آباد
شهرک غرب
یوسف‌آباد
تهران، خیابان کرج
تهران، میدان شهریار
طهران، شمیران
شمال تهران
""".strip().splitlines()

ELSEWHERE = """
اسلامشهر
اسلام‌شهر
اسلام شهر
شهریار
باقرشهر
باقر شهر
کهریزک
لواسان
پردیس
کرج
Karaj
Karaj, Iran
Eslamshahr
استان تهران، اسلامشهر
استان تهران اسلامشهر
تهران، اسلامشهر
تهران - شهریار
تهران شهریار
تهران، شهر قدس
تهران شهر قدس
شهر قدس
قدس
تهران/پردیس
پردیس، تهران
پردیس تهران
Pardis, Tehran
Tehran, Pardis
استان تهران، شهرستان شهریار، شهر اندیشه
تهران، لواسان
لواسان، استان تهران
ورامین
پاکدشت
رباط‌کریم
رباط کریم، تهران
قرچک
ملارد
دماوند
فیروزکوه
رودهن
بومهن
پرند
اندیشه
چهاردانگه
نسیم‌شهر
فردیس
هشتگرد
تهراندشت
استان تهران
Tehran Province
استان البرز، کرج
مشهد
مشهد، خیابان تهران
خیابان تهران، مشهد
مشهد، منطقه ۵
منطقه ۵
قم
اصفهان
177
۱
حومه تهران
ایران
""".strip().splitlines()


@pytest.mark.parametrize("line", TEHRAN)
def test_the_city_of_tehran_with_its_districts(line: str) -> None:
    assert REGIONS.region(line) == "tehran"


@pytest.mark.parametrize("line", ELSEWHERE)
def test_cities_of_their_own(line: str) -> None:
    assert REGIONS.region(line) == "elsewhere"


def test_what_the_operator_names_goes_first() -> None:
    regions = Regions.of({"tehran": ["تهران", "لواسان"], "near": ["تجریش", "کرج"]}, default="else")
    assert [regions.region(line) for line in ("لواسان", "تجریش", "تهران، ونک", "کرج، ایران")] == [
        "tehran", "near", "tehran", "near"
    ]  # fmt: skip


@given(st.text())
def test_any_line_means_something(line: str) -> None:
    assert isinstance(places.city(line), str)
