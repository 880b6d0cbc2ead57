"""Every way to sign of kind ``mapping``: what is signed is taken, with each secret that is valid, and nothing else."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from notifier.errors import BadSignature, NotJson
from notifier.intake.mapping.signature import HmacScheme, Scheme, StandardScheme, TokenScheme

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
BODY = '{"نام": 1}'.encode()
OLD, NEW = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def schemes(*secrets: str) -> dict[str, Scheme]:
    made: dict[str, Scheme] = {
        "standard": StandardScheme(secrets, timedelta(minutes=5)),
        "bearer": TokenScheme(secrets=secrets, header="Authorization", prefix="Bearer "),
        "token": TokenScheme(secrets=secrets, header="X-Token"),
    }
    for algorithm in ("sha256", "sha1", "sha512"):
        made[algorithm] = HmacScheme(secrets=secrets, header="X-Sign", algorithm=algorithm)
        made[f"{algorithm} in base64"] = HmacScheme(
            secrets=secrets, header="X-Sign", algorithm=algorithm, encoding="base64"
        )
        made[f"{algorithm} with a prefix"] = HmacScheme(
            secrets=secrets, header="X-Sign", algorithm=algorithm, prefix=f"{algorithm}="
        )
        made[f"{algorithm} with a time"] = HmacScheme(
            secrets=secrets,
            header="X-Sign",
            algorithm=algorithm,
            timestamp_header="X-Time",
            signed="v0:{timestamp}:{body}",
        )
    return made


EVERY = pytest.mark.parametrize("name", schemes(NEW))


def refused(scheme: Scheme, headers: dict[str, str], body: bytes = BODY) -> bool:
    try:
        scheme.verify(headers, body, now=NOW)
    except BadSignature:
        return True
    return False


@EVERY
def test_what_it_signs_it_takes_and_nothing_else(name: str) -> None:
    scheme = schemes(NEW)[name]
    signed = scheme.sign(BODY, at=NOW)
    scheme.verify(signed, BODY, now=NOW)
    assert refused(scheme, {})
    if not isinstance(scheme, TokenScheme):
        assert refused(scheme, signed, BODY + b" ")
    for header, value in signed.items():
        for other in ("", value[:-2], f"{value}0", "0", "é", "\udcff", "9" * 5000, ", ,", "=" * 8):
            assert refused(scheme, signed | {header: other}), (header, other)


@EVERY
def test_while_two_secrets_are_valid_either_is_taken_and_a_third_is_not(name: str) -> None:
    both = schemes(NEW, OLD)[name]
    for secret in (NEW, OLD):
        both.verify(schemes(secret)[name].sign(BODY, at=NOW), BODY, now=NOW)
    third = "whsec_" + base64.b64encode(b"3" * 24).decode()
    assert refused(both, schemes(third)[name].sign(BODY, at=NOW))
    assert refused(schemes(NEW)[name], schemes(OLD)[name].sign(BODY, at=NOW))


@EVERY
def test_practice_is_signed_with_the_newer_secret(name: str) -> None:
    schemes(NEW)[name].verify(schemes(NEW, OLD)[name].sign(BODY, at=NOW), BODY, now=NOW)


@pytest.mark.parametrize(
    "header",
    ["{good}", "{bad}, {good}", "{good} {bad}", "zz,{good},", "{bad},{bad} {good}", "t=5,{good}"],
)
def test_several_signatures_in_one_header(header: str) -> None:
    """A shop that changes its own secret may sign with both."""
    scheme = HmacScheme(secrets=[NEW], header="X-Sign", prefix="v1=")
    bad, good = f"v1={'0' * 64}", scheme.sign(BODY, at=NOW)["X-Sign"]
    scheme.verify({"X-Sign": header.format(good=good, bad=bad)}, BODY, now=NOW)
    assert refused(scheme, {"X-Sign": header.replace("{good}", bad).format(bad=bad)})
    assert refused(scheme, {"X-Sign": good.replace("v1=", "v2=")})


@pytest.mark.parametrize("good_first", [True, False])
def test_several_standard_signatures_while_two_secrets_are_valid(good_first: bool) -> None:
    both, mine = StandardScheme([NEW, OLD], timedelta(minutes=5)), schemes(OLD)["standard"].sign(BODY, at=NOW)
    good, bad = mine["webhook-signature"], f"v1,{base64.b64encode(b'0' * 32).decode()}"
    mine["webhook-signature"] = f"{good} v2,x {bad}" if good_first else f"v1a,AA== {bad} nocomma {good}"
    assert both.verify(mine, BODY, now=NOW) == mine["webhook-id"]


@pytest.mark.parametrize(("age", "taken"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)])
@pytest.mark.parametrize("unit", [1, 1000])
def test_a_signed_time_grows_old(age: int, taken: bool, unit: int) -> None:
    stamp = str(int(NOW.timestamp() - age) * unit)
    signature = hmac.digest(NEW.encode(), stamp.encode() + b"." + BODY, hashlib.sha256).hex()
    scheme = HmacScheme(secrets=[NEW], header="X-Sign", timestamp_header="X-Time", signed="{timestamp}.{body}")
    assert refused(scheme, {"X-Sign": signature.upper(), "X-Time": stamp}) is not taken


def test_the_known_answer_of_rfc_4231() -> None:
    """Test case 2."""
    scheme = HmacScheme(secrets=["Jefe"], header="X-Sign")
    digest = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert scheme.sign(b"what do ya want for nothing?", at=NOW) == {"X-Sign": digest}


def test_a_body_that_is_no_text_can_be_signed_by_an_hmac_alone() -> None:
    scheme = HmacScheme(secrets=[NEW], header="X-Sign")
    scheme.verify(scheme.sign(b"\xff", at=NOW), b"\xff", now=NOW)
    with pytest.raises(NotJson):
        schemes(NEW)["standard"].verify(schemes(NEW)["standard"].sign(BODY, at=NOW), b"\xff", now=NOW)
