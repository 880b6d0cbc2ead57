"""Iran's official holidays, as the `holidays` library knows them.

Solar ones (Nowruz, 13 Farvardin, …) are certain. Lunar ones hang on the sighting of the moon: for years that the
library has not confirmed they are reckoned and may be a day off; their names then end in «(تخمینی)». Days that the
government closes on short notice come with a newer library, or are named in the configuration.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import holidays

from notifier.domain.persian import digits

_ESTIMATED = "(تخمینی)"
# The library's names are sentences of a calendar sheet; these read better after «تعطیل رسمی:».
_PLAINER = {
    "تعطیل به مناسبت عید سعید فطر": "عید سعید فطر",
    "جشن نوروز": "نوروز",
    "عیدنوروز": "نوروز",
    "تعطیلی عمومی": "به اعلام دولت",
    "رسول اکرم؛شهادت": "رسول اکرم و شهادت",
    "علیه السلام": "علیه‌السلام",
}


def official(day: date) -> str | None:
    """The Persian name of the official holiday, several joined by «،»; None if it is none, as a plain Friday."""
    return _of_year(day.year).get(day)


@lru_cache(maxsize=1)
def known_until() -> date:
    """The last day the library knows anything of; beyond it no day is a holiday."""
    return date(holidays.country_holidays("IR").end_year, 12, 31)


@lru_cache(maxsize=1)
def confirmed_until() -> date:
    """The last day of the last year whose lunar holidays are confirmed; after it they are estimates."""
    year = known_until().year
    while any(_ESTIMATED in name for name in _of_year(year).values()):
        year -= 1
    return date(year, 12, 31)


@lru_cache(maxsize=256)
def _of_year(year: int) -> Mapping[date, str]:
    # Without a language the library picks one by the machine's locale.
    found = holidays.country_holidays("IR", years=year, language="fa_IR")
    return {day: "، ".join(dict.fromkeys(map(_plain, found.get_list(day)))) for day in found}


def _plain(name: str) -> str:
    for long, short in _PLAINER.items():
        name = name.replace(long, short)
    return digits(name)
