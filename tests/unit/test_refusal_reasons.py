"""What a provider refused is told by its reason."""

import pytest

from notifier.sms.providers import codes, smsir_codes
from notifier.sms.reasons import KAVENEGAR, told


def test_every_code_of_kavenegar_has_its_reason() -> None:
    assert set(codes.CODES) - set(KAVENEGAR) == set()


@pytest.mark.parametrize("number", sorted(codes.CODES))
def test_a_reason_is_persian_and_says_no_number(number: int) -> None:
    said = told(codes.code(number).failed("خطا").reason)
    assert said == KAVENEGAR[number]
    assert str(number) not in said


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (codes.code(999).failed("گیرنده پیدا نشد").reason, "گیرنده پیدا نشد"),
        (codes.code(999).failed().reason, "سامانهٔ پیامک نپذیرفت و دلیلی که بشناسیم نگفت"),
        (smsir_codes.code(10).failed("کلید وب سرویس نامعتبر است").reason, "کلید وب سرویس نامعتبر است"),
        ("شمارهٔ گیرنده پذیرفته نشد", "شمارهٔ گیرنده پذیرفته نشد"),
        ("", ""),
    ],
)
def test_words_of_the_providers_own_are_left(reason: str, said: str) -> None:
    assert told(reason) == said
