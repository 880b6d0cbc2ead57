import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain import phones
from notifier.domain.persian import digits

ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


@pytest.mark.parametrize(
    "raw",
    [
        "09123456789",
        "9123456789",
        "989123456789",
        "+989123456789",
        "00989123456789",
        "+98 (0) 912 345-6789",
        "۰۹۱۲۳۴۵۶۷۸۹",
        "٠٩١٢٣٤٥٦٧٨٩",
        "0912 345 67 89",
        "(0912) 345-6789",
        "0912.345.6789",
        "0912‌345‌6789",
        "\u200e+98 912 345 6789\u202c",
        "\u2066۰۹۱۲\u2069-۳۴۵-۶۷۸۹",
        "989123456789+",
        "＋989123456789",
        " 09123456789\n",
    ],
)
def test_every_way_to_write_an_iranian_mobile(raw: str) -> None:
    assert phones.normalize(raw) == "09123456789"


@pytest.mark.parametrize(
    ("raw", "phone"),
    [
        ("021-91001234", "02191001234"),
        ("+98 21 9100 1234", "02191001234"),
        ("982191001234", "02191001234"),
        ("+98(0)2191001234", "02191001234"),
        ("۰۸۶-۳۲۱۲۳۴۵۶", "08632123456"),
        ("+974 5512 3456", "+97455123456"),
        ("0097455123456", "+97455123456"),
        ("+1 (202) 555-0123", "+12025550123"),
        ("+39 06 1234 5678", "+390612345678"),
    ],
)
def test_landlines_and_foreign_numbers(raw: str, phone: str) -> None:
    assert phones.normalize(raw) == phone
    assert phones.normalize(phone) == phone


WRITTEN = st.tuples(
    st.sampled_from(["", "0", "98", "+98", "0098", "+98 0"]),
    st.from_regex("9[0-39][0-9]{8}", fullmatch=True).filter(str.isascii),
    st.sampled_from(["", " ", "-", "\u200c", "\u200e"]),
    st.sampled_from([str, digits, lambda text: text.translate(ARABIC)]),
)


@given(WRITTEN)
def test_a_mobile_is_the_same_however_written(written: tuple) -> None:  # type: ignore[type-arg]
    prefix, national, gap, script = written
    raw = script((prefix and prefix + gap) + national[:3] + gap + national[3:6] + gap + national[6:])
    phone = phones.normalize(raw)
    assert phone == f"0{national}" == phones.normalize(phone)
    assert phones.is_mobile(phone)
    assert phones.mask(raw) == phones.mask(phone) == f"0{national[:3]}***{national[-4:]}"
    assert phones.mask_phones_in(f"به {raw} رفت") == f"به {phones.mask(phone)} رفت"


@given(st.text() | st.text("+0123456789-() ", min_size=6, max_size=18))
def test_anything_is_settled_or_refused(raw: str) -> None:
    try:
        phone = phones.normalize(raw)
    except phones.PhoneError:
        return
    assert phones.normalize(phone) == phone
    assert re.fullmatch(r"0[0-9]{10}|\+[1-9][0-9]{6,14}", phone)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "is empty"),
        ("111000", "6 digits"),
        (" - ", "is empty"),
        ("ندارد", "other than digits"),
        ("0935345678x", "other than digits"),
        ("0935345678", "10 digits"),
        ("091234567890", "12 digits"),
        ("09123456789/1234567", "18 digits, too many"),
        ("09612345678", "neither an Iranian number"),
        ("91001234", "neither an Iranian number"),
        ("1500", "4 digits"),
        ("+9351234567", "neither an Iranian number"),
        ("+974 555 1234", "neither an Iranian number"),
        ("97455123456", "neither an Iranian number"),
    ],
)
def test_a_refusal_says_why_in_both_languages_and_not_the_number(raw: str, reason: str) -> None:
    with pytest.raises(phones.PhoneError, match=re.escape(reason)) as error:
        phones.normalize(raw)
    assert "نمونهٔ درست" in str(error.value)
    assert "ندارد" not in str(error.value) or raw != "ندارد"
    if len(raw) > 8:
        assert re.sub("[^0-9]", "", raw)[-10:] not in str(error.value)


@pytest.mark.parametrize(
    ("phone", "mobile"),
    [
        ("09123456789", True),
        ("09991234567", True),
        ("02191001234", False),
        ("09612345678", False),
        ("+97455123456", True),
        ("+97444123456", False),
        ("+12025550123", True),
        ("+", False),
        ("", False),
    ],
)
def test_who_can_get_an_sms(phone: str, mobile: bool) -> None:
    assert phones.is_mobile(phone) is mobile


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("09123456789", "0912***6789"),
        ("+989123456789", "0912***6789"),
        ("02191001234", "0219***1234"),
        ("+97455123456", "+974***3456"),
        ("0912***6789", "0912***6789"),
        ("91001234", "***34"),
        ("1500", "***"),
        ("", "***"),
        ("سارا", "***"),
        ("0912345***09123456789", "***"),
    ],
)
def test_mask(phone: str, masked: str) -> None:
    assert phones.mask(phone) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("to=09123456789, try 2", "to=0912***6789, try 2"),
        ("۰۹۱۲ ۳۴۵ ۶۷۸۹ و 021-91001234", "0912***6789 و 0219***1234"),
        ("receptor=%2B989123456789&message=x%2009123456789", "receptor=0912***6789&message=x%200912***6789"),
        ("09123456789,09351234567", "0912***6789,0935***4567"),
        ("['+989123456789', '00989351234567', '9123456789']", "['0912***6789', '0935***4567', '0912***6789']"),
        ("lag 92 2026-11-23, 912 345 6789", "lag 92 2026-11-23, 0912***6789"),
        ("+974 5512 3456 2026-11-23", "+974***3456 2026-11-23"),
        ("tel09123456789.", "tel0912***6789."),
        ("already 0912***6789", "already 0912***6789"),
    ],
)
def test_phones_in_logs_are_masked(text: str, masked: str) -> None:
    assert phones.mask_phones_in(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "order 10025 at 2026-11-23T10:00:00+03:30",
        "parcel 123456789012345678901234",
        "amount 185000000 IRR",
        "amount 9,123,456,789",
        "unix 1795420800 ms 1795420800123",
        "card 6104337711112222",
        "id 5f9123456789ab",
        "",
    ],
)
def test_other_numbers_in_logs_stay(text: str) -> None:
    assert phones.mask_phones_in(text) == text


@pytest.mark.parametrize(
    "given",
    [
        "+98989121234567",
        "+98 0098 912 123 4567",
        "98989121234567",
        "+98 98 0912 123 4567",
    ],
)
def test_a_country_code_twice(given: str) -> None:
    assert phones.normalize(given) == "09121234567"
