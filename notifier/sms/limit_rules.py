"""How much may leave, as data: see limits.py for who holds it."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le
from pydantic import AfterValidator


def _known_country(code: str) -> str:
    if code.upper() == "IR":
        return "IR"
    import phonenumbers  # its tables take long, and few configurations name another country

    if code.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"{code!r} is no country; write two letters, such as IR")
    return code.upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``[sms.limits]``: 0 is no limit, and no country named means every country. Essential texts count, with a bound of
    their own."""

    number_hour: Annotated[int, Ge(0)] = 6
    number_day: Annotated[int, Ge(0)] = 12
    number_day_essential: Annotated[int, Ge(0)] = 30
    by_hand_customer_day: Annotated[int, Ge(0)] = 5
    by_hand_person_hour: Annotated[int, Ge(0)] = 20
    by_hand_parts: Annotated[int, Ge(1), Le(10)] = 4
    rial_day: Annotated[int, Ge(0), Le(10**12)] = 0
    countries: frozenset[Annotated[str, AfterValidator(_known_country)]] = frozenset({"IR"})
