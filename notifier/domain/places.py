"""The city in a line that a customer wrote: «تهران، منطقه ۵» is Tehran, «استان تهران، اسلامشهر» is not.

The city of Tehran has 22 municipal districts, Shahr-e Rey and Tajrish among them. The other towns of the province are
cities of their own.
"""

import re
from functools import lru_cache

from notifier.domain.persian import fold

_TEHRAN_NAMES = frozenset(map(fold, ("تهران", "طهران", "Tehran", "Teheran", "Tehrān")))
TEHRAN = fold("تهران")

QUARTERS = """
ری، شهرری، شاه عبدالعظیم، تجریش، شمیران، تهرانپارس، تهران پارس، تهرانسر، تهران نو، نارمک، پونک، سعادت آباد، شهرک غرب،
شهرک قدس، ونک، نیاوران، پاسداران، زعفرانیه، الهیه، فرشته، ولنجک، اوین، درکه، دربند، قیطریه، فرمانیه، اقدسیه، لویزان،
ازگل، میرداماد، یوسف آباد، امیرآباد، گیشا، کوی نصر، ستارخان، صادقیه، آریاشهر، جنت آباد، شهران، شهرزیبا، چیتگر،
دریاچه چیتگر،
دهکده المپیک، اکباتان، شهرک اکباتان، مهرآباد، شهرک ژاندارمری، مرزداران، نیروی هوایی، افسریه، خاوران، مسعودیه، مشیریه،
خانی آباد، نازی آباد، جوادیه، یافت آباد، خزانه، منیریه، هفت حوض، سیدخندان، قلهک، دروس، جردن، عباس آباد، هروی، مجیدیه،
سهروردی، حکیمیه، سوهانک، دارآباد، جماران، کامرانیه، دزاشیب، چیذر، باغ فیض، دولاب، عبدل آباد، نعمت آباد، نظام آباد،
قلعه مرغی، شهرک امید، شهرک راه آهن، سید خندان، قنات کوثر، شهرک استقلال،
Tajrish, Shemiran, Shahr-e Rey, Shahr e Rey, Shahre Rey, Shahr-e-Rey, Rey, Ray, Tehranpars, Tehran Pars,
Tehransar, Narmak,
Punak, Poonak, Saadat Abad, Saadatabad, Shahrak-e Gharb, Shahrak Gharb, Vanak, Niavaran, Pasdaran, Zaferanieh, Ekbatan,
Velenjak, Elahieh, Sadeghieh, Jannat Abad, Jannatabad, Gheytarieh, Farmanieh, Aghdasieh
"""
"""Quarters and districts of the city whose names stand for it; such as other cities have too are left out."""

TOWNS = """
اسلامشهر، شهریار، باقرشهر، کهریزک، لواسان، لواسانات، پردیس، ورامین، پاکدشت، رباط کریم، قرچک، دماوند، فیروزکوه، ملارد،
اندیشه، قدس، شهر قدس، قلعه حسن خان، پرند، بومهن، رودهن، فشم، اوشان، میگون، شمشک، اوشان فشم میگون، گلستان،
نسیم شهر، صالحیه،
صالح آباد، صباشهر، شاهدشهر، فردوسیه، باغستان، چهاردانگه، احمدآباد مستوفی، حسن آباد، پیشوا، جوادآباد،
شریف آباد، فرون آباد، آبعلی، کیلان، آبسرد، ارجمند، صفادشت، نصیرشهر،
کرج، فردیس، کمالشهر، محمدشهر، مشکین دشت، ماهدشت، گرمدره، هشتگرد، نظرآباد، طالقان، اشتهارد، تنکمان، مهرشهر،
گوهردشت، تهراندشت،
Eslamshahr, Islamshahr, Shahriar, Shahryar, Shahriyar, Baghershahr, Baqershahr, Kahrizak, Lavasan, Pardis, Varamin,
Pakdasht, Robat Karim, Robatkarim, Gharchak, Qarchak, Damavand, Firuzkuh, Firoozkooh, Firoozkuh, Malard,
Andisheh, Ghods,
Qods, Quds, Shahr-e Qods, Shahre Ghods, Parand, Bumehen, Boomehen, Bumahen, Rudehen, Roodehen, Roudehen,
Fasham, Pishva,
Karaj, Fardis, Hashtgerd, Nazarabad, Mahdasht, Mohammadshahr, Kamalshahr, Golestan, Nasimshahr, Chahardangeh
"""
"""Cities of their own around Tehran, many of them in its province: they stand even beside its name."""

_FAR = """
مشهد، اصفهان، شیراز، تبریز، قم، اهواز، کرمانشاه، ارومیه، رشت، زاهدان، همدان، کرمان، یزد، اردبیل، بندرعباس،
اراک، زنجان،
سنندج، قزوین، خرم آباد، گرگان، ساری، بجنورد، بیرجند، بوشهر، ایلام، شهرکرد، سمنان، یاسوج، کاشان
"""

_SEPARATOR = re.compile(r"[^\w\s]+")
_PROVINCE = re.compile(r"^(?:استان|province(?: of)?) (?:تهران|البرز|tehran|alborz)\b|\b(?:tehran|alborz) province$")
_COUNTRY = re.compile(r"\b(?:جمهوری اسلامی ایران|ایران|islamic republic of iran|iran|ir)$")
_LABEL = re.compile(
    r"^(?:استان|شهرستان|کلان ?شهر|شهر|بخش|شهرداری|پایتخت|city of|city|county of|county|province of) |"
    r" (?:بزرگ|city|county|province)$"
)
_STREET = re.compile(r"^(?:خیابان|خ|بلوار|میدان|کوچه|جاده|اتوبان|بزرگراه|آزادراه|حومه|اطراف|street|road|blvd)\b")


def _squashed(names: str) -> frozenset[str]:
    """Names to be compared without regard to spaces and hyphens."""
    return frozenset(_squash(fold(name)) for name in re.split("[،,]", names) if name.strip())


def _squash(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


_QUARTERS, _TOWNS, _FAR_AWAY = _squashed(QUARTERS), _squashed(TOWNS), _squashed(_FAR)


@lru_cache(maxsize=4096)  # cities come again and again
def city(line: str) -> str:
    """The city that a line means, folded: that of Tehran where it names it, a quarter of it, or both. Else as given."""
    whole = fold(line)
    if _squash(whole) in _TOWNS:
        return whole
    if _squash(whole) in _QUARTERS:
        return TEHRAN
    found: str | None = None
    parts = _parts(whole)
    for part in parts:
        name = _of_part(part)
        if name is not None and name != TEHRAN:
            return name
        found = found or name
    return found or (_bare(parts[0]) if len(parts) == 1 else whole)


def _parts(whole: str) -> list[str]:
    """The pieces between signs, without the country and without a province that only says where the city lies."""
    pieces = [" ".join(piece.split()) for piece in _SEPARATOR.split(whole)]
    found = []
    for piece in pieces:
        without = _COUNTRY.sub("", piece).strip()
        without = _PROVINCE.sub("", without).strip()
        if without:
            found.append(without)
    return found


def _of_part(part: str) -> str | None:
    """A town around Tehran, Tehran, or None."""
    if _STREET.match(part):
        return None
    bare = _bare(part)
    for name in (part, bare):
        if _squash(name) in _TOWNS:
            return name
    if _squash(part) in _QUARTERS or _squash(bare) in _QUARTERS:
        return TEHRAN
    first, _, rest = bare.partition(" ")
    if first in _TEHRAN_NAMES:
        beside = _bare(rest)
        return beside if _squash(beside) in _TOWNS or _squash(rest) in _TOWNS else TEHRAN
    before, _, last = bare.rpartition(" ")
    if last in _TEHRAN_NAMES:
        if _squash(before) in _TOWNS or _squash(_bare(before)) in _TOWNS:
            return before
        return None if _squash(before) in _FAR_AWAY else TEHRAN
    return None


def _bare(part: str) -> str:
    """Without the words for a city, a county or a province around its name."""
    while (bare := _LABEL.sub("", part).strip()) != part and bare:
        part = bare
    return part
