"""Kavenegar's numbers: every documented one is there, and each is in the class that keeps messages safe."""

import pytest

from notifier.sms.providers import codes
from notifier.sms.providers.base import FINAL, DeliveryStatus, Failure, Outgoing

OUR_BUGS = {400, 406, 414, 415, 419, 604, 607}
THIS_MESSAGE = {411, 413, 417, 420, 422, 424, 428, 431, 432}
WRONG_ADDRESS = {404, 405}
THE_ACCOUNT = {401, 403, 407, 412, 416, 418, 426, 427, 429, 501}
LATER = {402, 409, 451}


def test_the_table_holds_exactly_the_documented_codes() -> None:
    assert set(codes.CODES) == OUR_BUGS | WRONG_ADDRESS | THIS_MESSAGE | THE_ACCOUNT | LATER
    assert all(code.number == number and code.meaning for number, code in codes.CODES.items())


@pytest.mark.parametrize("number", sorted(OUR_BUGS))
def test_our_own_mistakes_refuse_the_message_and_are_marked(number: int) -> None:
    assert codes.code(number).our_bug
    assert codes.code(number).failed().failure is Failure.REFUSED


@pytest.mark.parametrize(
    ("numbers", "failure"),
    [(THIS_MESSAGE, Failure.REFUSED), (THE_ACCOUNT, Failure.ACCOUNT), (LATER, Failure.RETRY)],
    ids=["this message", "the account", "later"],
)
def test_classes_of_a_send_with_localid(numbers: set[int], failure: Failure) -> None:
    assert {codes.code(number).failed().failure for number in numbers} == {failure}
    assert not any(codes.code(number).our_bug for number in numbers)


def test_only_an_ambiguous_failure_differs_where_a_repeat_may_send_twice() -> None:
    differing = {
        number
        for number, code in codes.CODES.items()
        if code.failed(repeatable=False).failure is not code.failed(repeatable=True).failure
    }
    assert differing == {402}
    assert codes.code(402).failed(repeatable=False).failure is Failure.UNKNOWN


@pytest.mark.parametrize("number", sorted(WRONG_ADDRESS))
def test_a_wrong_address_pauses_the_account_and_refuses_no_message(number: int) -> None:
    assert codes.code(number).our_bug
    assert codes.code(number).failed().failure is Failure.ACCOUNT
    assert "base_url" in codes.code(number).failed().reason


def test_what_may_be_out_is_said_and_nothing_else_is() -> None:
    assert {number for number, code in codes.CODES.items() if code.failed().maybe_sent} == {402}
    assert codes.code(799).failed().maybe_sent


def test_only_one_code_means_that_there_is_no_credit() -> None:
    assert {number for number, code in codes.CODES.items() if code.failed().no_credit} == {418}


def test_an_undocumented_code_may_have_sent_the_message() -> None:
    failed = codes.code(799).failed("چیزی")
    assert (failed.failure, failed.code) == (Failure.UNKNOWN, 799)
    assert "799" in failed.reason
    assert "چیزی" in failed.reason


def test_rate_limits_ask_for_a_long_pause_and_nothing_else_does() -> None:
    pauses = {number: code.failed().retry_after for number, code in codes.CODES.items() if code.retry_after}
    assert pauses == {429: 600, 451: 60}


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (1, DeliveryStatus.QUEUED),
        (2, DeliveryStatus.QUEUED),
        (4, DeliveryStatus.SENT),
        (5, DeliveryStatus.SENT),
        (6, DeliveryStatus.FAILED),
        (10, DeliveryStatus.DELIVERED),
        (11, DeliveryStatus.UNDELIVERED),
        (13, DeliveryStatus.CANCELLED),
        (14, DeliveryStatus.BLOCKED),
        (100, DeliveryStatus.UNKNOWN_ID),
        (50, None),
        (None, None),
    ],
)
def test_delivery_statuses(number: int | None, status: DeliveryStatus | None) -> None:
    assert codes.status(number) is status


def test_the_statuses_that_end_a_message() -> None:
    assert {number for number, (status, _) in codes.STATUSES.items() if status in FINAL} == {6, 10, 11, 13, 14}


@pytest.mark.parametrize("wrong", [0, -1, 2**63])
def test_an_id_that_cannot_be_a_localid_is_refused_at_birth(wrong: int) -> None:
    with pytest.raises(ValueError, match="positive int64"):
        Outgoing(id=wrong, to="09121234567", text="سلام")
    assert Outgoing(id=2**63 - 1, to="09121234567", text="سلام").id == 2**63 - 1
