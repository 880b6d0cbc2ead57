"""Why an attempt came to nothing: what is known in Persian, all else as what the exchange says."""

import re

import pytest

from notifier.console.dial_faults import DialFault, explained
from notifier.dialer import ami, described, simotel
from notifier.domain.dialing import DialWord

PERSIAN = re.compile(r"[\u0600-\u06ff]")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("HTTP 401", "مرکز تلفن کلید ما را نپذیرفت"),
        ("HTTP 403", "مرکز تلفن کلید ما را نپذیرفت"),
        ("HTTP 503", "مرکز تلفن با HTTP ۵۰۳ پاسخ داد"),
        ("accepted_when", "پاسخ مرکز تلفن پذیرش نبود"),
        ("no JSON", "پاسخ مرکز تلفن خوانا نبود"),
        ("pbx.shop.ir: ClientConnectorError", "مرکز تلفن در دسترس نبود"),
        ("pbx.shop.ir: ServerDisconnectedError", "مرکز تلفن در دسترس نبود"),
        ("pbx.shop.ir: TimeoutError", "مرکز تلفن به‌موقع پاسخ نداد"),
        ("pbx.shop.ir: ConnectionTimeoutError", "مرکز تلفن به‌موقع پاسخ نداد"),
        ("TimeoutError", "مرکز تلفن به‌موقع پاسخ نداد"),
        ("ConnectionResetError", "مرکز تلفن در دسترس نبود"),
        ("192.168.1.10:5038 does not answer (ConnectionRefusedError)", "مرکز تلفن در دسترس نبود"),
        ("192.168.1.10:5038 does not answer (TimeoutError)", "مرکز تلفن به‌موقع پاسخ نداد"),
        ("192.168.1.10:5038 is no manager interface of Asterisk", "در این نشانی مرکز تلفنی نیست"),
        ("the exchange closed the connection", "مرکز تلفن در دسترس نبود"),
        ("it does not take our name and secret; look at user and secret", "مرکز تلفن نام و رمز ما را نپذیرفت"),
        ("Permission denied", "مرکز تلفن اجازهٔ این تماس را به ما نداده است"),
        ("Extension does not exist.", "مرکز تلفن راهی به این شماره ندارد"),
        ("dialend agent chanunavail", "گوشی داخلی به مرکز تلفن وصل نیست"),
        ("originateresponse failure 0", "مرکز تلفن گوشی داخلی را پیدا نکرد"),
        ("originateresponse failure 5", "گوشی داخلی مشغول بود"),
        ("dialend agent busy", "گوشی داخلی مشغول بود"),
        ("dialend customer congestion", "خط آزادی به بیرون نبود"),
    ],
)
def test_what_is_known_is_said(fault: str, said: str) -> None:
    assert explained(fault) == DialFault(said)


@pytest.mark.parametrize(
    "fault", ["No credit left", "اعتبار کافی نیست", "E-4711", "trunk 3 is down", "<b>x</b>", "401", "HTTP 4", "x: y z"]
)
def test_what_is_not_known_is_the_exchange_s_claim(fault: str) -> None:
    assert explained(fault) == DialFault(claim=fault)


def test_nothing_is_said_of_no_fault() -> None:
    assert explained("") == DialFault()


def test_no_word_of_ours_is_shown_as_a_claim() -> None:
    """Usual words for a fault are put in Persian, or say no more than what was found."""
    for usual in (ami.USUAL, simotel.USUAL, described.USUAL):
        for word, meaning in usual.words.items():
            if meaning in (DialWord.LINE_FAULT, DialWord.AGENT_MISSED):
                found = explained(word)
                assert not found.claim, word
                assert not found.said or PERSIAN.search(found.said)
