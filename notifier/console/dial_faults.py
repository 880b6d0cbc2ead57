"""Why an attempt through the exchange came to nothing; what is not known is shown as the exchange's claim."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from notifier.domain import persian

_HTTP = re.compile(r"HTTP (\d{3})")
_STATUSES: Mapping[str, str] = {
    **dict.fromkeys(("401", "403"), "مرکز تلفن کلید ما را نپذیرفت"),
    "404": "نشانی مرکز تلفن درست نیست",
    "429": "مرکز تلفن می‌گوید درخواست‌ها زیاد است",
}
_AWAY = "مرکز تلفن در دسترس نبود"
_LATE = "مرکز تلفن به‌موقع پاسخ نداد"
_KEY = "مرکز تلفن نام و رمز ما را نپذیرفت"
_OURS = (
    (re.compile(r"(.*: )?\w*Timeout\w*|.* (does not answer|went away) \(TimeoutError\)"), _LATE),
    (re.compile(r"[^ ]*: \w+|.* (does not answer|went away) \(\w+\)|the exchange closed the connection"), _AWAY),
    (re.compile(r"\w*(Connection|OS|BrokenPipe)\w*Error"), _AWAY),
    (re.compile(r".* is no manager interface of Asterisk"), "در این نشانی مرکز تلفنی نیست"),
    (re.compile(r"it does not take our name and secret.*"), _KEY),
    (re.compile(r"no JSON"), "پاسخ مرکز تلفن خوانا نبود"),
    (re.compile(r"accepted_when"), "پاسخ مرکز تلفن پذیرش نبود"),
)
"""What we say ourselves of an exchange."""

_THEIRS: Mapping[str, str] = {
    "permission denied": "مرکز تلفن اجازهٔ این تماس را به ما نداده است",
    "extension does not exist": "مرکز تلفن راهی به این شماره ندارد",
    "channel not specified": "گوشی داخلی در مرکز تلفن پیدا نشد",
    "invalid channel": "گوشی داخلی در مرکز تلفن پیدا نشد",
    "originate failed": "مرکز تلفن نتوانست تماس را آغاز کند",
    "dialend agent busy": "گوشی داخلی مشغول بود",
    "dialend agent chanunavail": "گوشی داخلی به مرکز تلفن وصل نیست",
    "originateresponse failure 0": "مرکز تلفن گوشی داخلی را پیدا نکرد",
    "originateresponse failure 5": "گوشی داخلی مشغول بود",
    "originateresponse failure 8": "مرکز تلفن به گوشی داخلی راه نداشت",
    "dialend agent congestion": "مرکز تلفن به گوشی داخلی راه نداشت",
    "dialend customer congestion": "خط آزادی به بیرون نبود",
    **dict.fromkeys(("congestion", "cdr congestion", "cdr outgoing congestion"), "خط آزادی به بیرون نبود"),
    **dict.fromkeys(
        (
            "line_fault", "agent_missed", "failed", "cdr failed", "cdr outgoing failed", "originateresponse failure",
            "originateresponse failure 1", "originateresponse failure 3", "dialend agent noanswer",
            "dialend agent cancel",
        ),
        "",
    ),
}  # fmt: skip
"""What exchanges say, in small letters and without a full stop; "" for what says no more than what was found."""


@dataclass(frozen=True, slots=True)
class DialFault:
    """Why, in our words, or in the exchange's where it said what we do not know."""

    said: str = ""
    claim: str = ""


def explained(fault: str) -> DialFault:
    """The words for what an attempt has as its fault."""
    if found := _HTTP.fullmatch(fault):
        return DialFault(_STATUSES.get(found[1], f"مرکز تلفن با HTTP {persian.digits(found[1])} پاسخ داد"))
    if (said := _THEIRS.get(fault.casefold().strip().rstrip("."))) is not None:
        return DialFault(said)
    said = next((words for pattern, words in _OURS if pattern.fullmatch(fault)), "")
    return DialFault(said) if said else DialFault(claim=fault)
