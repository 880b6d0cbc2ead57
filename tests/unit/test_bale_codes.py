"""Safir's codes: what each makes of a message."""

import pytest

from notifier.sms.providers import bale_codes as codes
from notifier.sms.providers.base import Failure
from notifier.sms.reasons import BALE, told


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (2, Failure.RETRY),
        (3, Failure.RETRY),
        (4, Failure.REFUSED),
        (8, Failure.ELSEWHERE),
        (17, Failure.ELSEWHERE),
        (20, Failure.ACCOUNT),
        (21, Failure.ACCOUNT),
        (99, Failure.UNKNOWN),
        ("17", Failure.ELSEWHERE),
        ("NotBaleUser", Failure.ELSEWHERE),
        ("notbaleuser", Failure.ELSEWHERE),
        ("Something", Failure.UNKNOWN),
        ([1], Failure.UNKNOWN),
        ("9" * 40, Failure.UNKNOWN),
    ],
)
def test_what_a_code_makes_of_a_message(code: object, failure: Failure) -> None:
    assert codes.code(code).failed().failure is failure


def test_no_credit_is_told_as_that() -> None:
    assert codes.CODES[20].failed().no_credit
    assert not codes.CODES[21].failed().no_credit


def test_every_code_has_its_reason_in_persian() -> None:
    assert set(BALE) == set(codes.CODES)
    for number, said in BALE.items():
        assert told(codes.CODES[number].failed("x").reason) == said
