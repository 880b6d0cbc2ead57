"""Standard Webhooks signatures, by the published example and by the book."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from notifier.errors import BadSignature, NotJson, Problem
from notifier.intake.standard import signature as signatures

# https://github.com/standard-webhooks/standard-webhooks, the example of its reference libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AT = 1614265330
BODY = b'{"test": 2432232314}'
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(AT),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
TOLERANCE = timedelta(minutes=5)


def verify(headers: dict[str, str], body: bytes = BODY, *, at: float = AT) -> str:
    now = datetime.fromtimestamp(at, UTC)
    return signatures.verify(headers, body, signatures.key(SECRET), now=now, tolerance=TOLERANCE)


def test_the_published_example() -> None:
    assert verify(HEADERS) == "msg_p5jXN8AQM9LWM0D4loKWxJek"


@pytest.mark.parametrize("age", [-300, 0, 300])
def test_within_the_tolerance(age: int) -> None:
    assert verify(HEADERS, at=AT + age)


@pytest.mark.parametrize("age", [-301, -300.5, 300.5, 301, 10**8])
def test_outside_the_tolerance(age: float) -> None:
    with pytest.raises(BadSignature, match="webhook-timestamp"):
        verify(HEADERS, at=AT + age)


@pytest.mark.parametrize("body", [b'{"test": 2432232315}', b"", BODY + b"\n"])
def test_another_body(body: bytes) -> None:
    with pytest.raises(BadSignature, match="No signature matches"):
        verify(HEADERS, body)


def test_a_body_that_is_no_text() -> None:
    with pytest.raises(NotJson):
        verify(HEADERS, b"\xff")


def test_a_secret_without_its_prefix_is_the_same_secret() -> None:
    bare = signatures.key(SECRET.removeprefix("whsec_"))
    now = datetime.fromtimestamp(AT, UTC)
    assert signatures.verify(HEADERS, BODY, bare, now=now, tolerance=TOLERANCE)


@pytest.mark.parametrize("secret", ["whsec_***", "whsec_a", "", "whsec_"])
def test_a_secret_that_is_none(secret: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        signatures.key(secret)


def test_one_of_two_secrets_during_a_rotation() -> None:
    other = Webhook("whsec_b3RoZXIgc2VjcmV0IG90aGVyIHNlY3JldA==")
    theirs = other.sign(HEADERS["webhook-id"], datetime.fromtimestamp(AT, UTC), BODY.decode())
    assert verify(HEADERS | {"webhook-signature": f"{theirs} {HEADERS['webhook-signature']}"})


headers = st.fixed_dictionaries(
    {}, optional={name: st.one_of(st.text(), st.just(value)) for name, value in HEADERS.items()}
)


@given(headers, st.binary())
def test_whatever_comes_is_refused_in_order(given_headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        verify(given_headers, body)
    assert caught.value.status in (400, 401)
