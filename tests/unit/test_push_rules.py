"""Web Push without a network: the vector of RFC 8291, the signature of RFC 8292, and which addresses are pushed to."""

import json
from datetime import datetime, timedelta

import pytest
from call_fixtures import SARA, planned, reason
from cryptography.hazmat.primitives.asymmetric import ec
from standins.push_service import PushedBrowser, raw, text

from notifier.channels.web_push import encryption, subscriptions
from notifier.channels.web_push.answer import PushAnswer
from notifier.channels.web_push.notices import of_reminder
from notifier.channels.web_push.subscriptions import UnusableSubscription, is_public
from notifier.channels.web_push.vapid import UnusableKey, VapidKeys
from notifier.clock import TEHRAN
from notifier.domain.calls import Call
from notifier.domain.domain_events import StaffReminded

NOW = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)


def private(encoded: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(raw(encoded)), ec.SECP256R1())


def test_it_encrypts_as_the_appendix_of_rfc_8291() -> None:
    browser = PushedBrowser("", private("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), raw("BTBZMqHH6r4Tts7J_aSIgg"))
    told = b"When I grow up, I want to be a watermelon"
    body = encryption.encrypted(
        told,
        public=browser.public,
        auth=browser.auth,
        ours=private("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        salt=raw("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert text(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3"
        "jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    assert browser.read(body) == told


def test_each_push_has_a_key_of_its_own() -> None:
    browser = PushedBrowser("")
    one, two = (encryption.encrypted(b"a", public=browser.public, auth=browser.auth) for _ in range(2))
    assert one != two
    assert browser.read(one) == browser.read(two) == b"a"


def test_what_is_too_long_or_for_no_key_is_refused() -> None:
    browser = PushedBrowser("")
    longest = b"a" * encryption.LONGEST
    assert len(encryption.encrypted(longest, public=browser.public, auth=browser.auth)) == 4096
    with pytest.raises(ValueError, match="too long"):
        encryption.encrypted(longest + b"a", public=browser.public, auth=browser.auth)
    with pytest.raises(ValueError, match="EC key"):
        encryption.encrypted(b"a", public=b"\x04" + b"\x01" * 64, auth=browser.auth)


def test_a_key_is_read_back() -> None:
    keys = VapidKeys.new()
    assert VapidKeys.read(keys.private_text).public_text == keys.public_text
    assert len(raw(keys.public_text)) == 65
    assert keys.private_text not in repr(keys)


@pytest.mark.parametrize("given", ["", "short", "x" * 43 + "!", text(b"\0" * 32), text(b"\xff" * 32), text(b"a" * 33)])
def test_what_is_no_key_says_how_one_is_made(given: str) -> None:
    with pytest.raises(UnusableKey, match="notifier push-keys"):
        VapidKeys.read(given)


def test_the_header_names_the_service_the_time_and_whom_to_write_to() -> None:
    said = VapidKeys.new().authorization("https://push.example:443/a/b?c", "mailto:tech@shop.example", NOW)
    claims = json.loads(raw(said.split("t=")[1].split(".")[1]))
    assert claims["aud"] == "https://push.example:443"
    assert claims["sub"] == "mailto:tech@shop.example"
    assert NOW < datetime.fromtimestamp(claims["exp"], TEHRAN) <= NOW + timedelta(hours=24)


@pytest.mark.parametrize(
    "endpoint",
    [
        *("", "http://push.example/a", "ftp://push.example/a", "https://", "javascript:alert(1)", "//push.example/a"),
        *("https://localhost/a", "https://redis/a", "https://127.0.0.1/a", "https://10.1.2.3/a", "https://[::1]/a"),
        *("https://169.254.169.254/latest", "https://192.168.1.1/a", "https://0x7f000001/a", "https://2130706433/a"),
        *("https://[::ffff:10.0.0.1]/a", "https://127.1/a", "https://0/a", "https://db.internal/a", "https://a.local/"),
        *("https://me:pass@push.example/a", "https://push.example:6379/a", "https://push.example/a#b"),
        *("https://push.example/\r\nx", "https://push.example/a b", "https://push.example/" + "a" * 1000),
        *("https://push.example\\@10.0.0.1/", "https://push.example:port/a", "https://پوش.example/a"),
    ],
)
def test_an_address_that_is_not_a_public_push_service_is_refused(endpoint: str) -> None:
    with pytest.raises(UnusableSubscription):
        subscriptions.read(PushedBrowser(endpoint).form, staff=SARA, at=0)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/dP3:APA91b-_x",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
        "https://web.push.apple.com/QGuQ",
        "https://wns2-par02p.notify.windows.com/w/?token=BQ%3d",
        "https://8.8.8.8/a",
    ],
)
def test_the_push_services_there_are_are_taken(endpoint: str) -> None:
    browser = PushedBrowser(endpoint)
    found = subscriptions.read(browser.form, staff=SARA, at=7)
    assert (found.endpoint, found.public, found.auth, found.staff) == (endpoint, browser.public, browser.auth, "sara")
    assert endpoint not in repr(found)


@pytest.mark.parametrize("wrong", [{"p256dh": ""}, {"p256dh": "a" * 86}, {"auth": "x"}, {"auth": "ط"}, {"p256dh": "é"}])
def test_keys_that_no_browser_has_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(UnusableSubscription):
        subscriptions.read(PushedBrowser("https://push.example/a").form | wrong, staff=SARA, at=0)


def test_a_service_of_ones_own_may_be_anywhere() -> None:
    browser = PushedBrowser("http://127.0.0.1:9000/a")
    assert subscriptions.read(browser.form, staff=SARA, at=0, own=["http://127.0.0.1:9000"]).endpoint
    with pytest.raises(UnusableSubscription):
        subscriptions.read(browser.form, staff=SARA, at=0, own=["http://127.0.0.1:9001"])


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
        ),
        *("::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
        *("", "name"),
    ],
)
def test_addresses_that_are_not_of_the_open_network(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "185.143.233.1", "2a00:1450:4001:80b::200a", "64:ff9b::808:808"])
def test_addresses_that_are(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("answer", "fate"),
    [
        *((PushAnswer(status=status), "taken") for status in (200, 201, 202, 204)),
        *((PushAnswer(status=status), "gone") for status in (404, 410)),
        *((PushAnswer(status=status), "passing") for status in (429, 500, 502, 503, 408)),
        *((PushAnswer(status=status), "dropped") for status in (400, 401, 403, 413, 301)),
        (PushAnswer(error="TimeoutError"), "passing"),
        (PushAnswer(error="PrivateAddress"), "dropped"),
        (PushAnswer(error="BadKey"), "gone"),
    ],
)
def test_what_an_answer_means(answer: PushAnswer, fate: str) -> None:
    means = "taken" if answer.taken else "gone" if answer.gone else "passing" if answer.passing else "dropped"
    assert means == fate


def test_a_push_names_an_order_and_a_purpose_and_nobody() -> None:
    call = planned(reason("1"))
    notice = of_reminder(reminded((call, "due")))
    assert (notice.title, notice.body) == ("وقت تماس است", "اطمینان‌بخشی پس از پرداخت، سفارش ۱۰۰۲۵")
    assert notice.path == f"/console/calls/{call.id}"
    assert (notice.id, notice.staff) == ("9", "sara")


def test_several_calls_are_one_push() -> None:
    calls = [planned(reason(str(number), order=f"1002{number}")) for number in range(5)]
    notice = of_reminder(reminded(*((call, "due") for call in calls)))
    assert notice.title == "۵ تماس در نوبت شماست"
    assert notice.body.splitlines()[2:] == ["اطمینان‌بخشی پس از پرداخت، سفارش ۱۰۰۲۲", "و ۲ تماس دیگر"]
    assert notice.path == "/console/"


def reminded(*calls: tuple[Call, str]) -> StaffReminded:
    return StaffReminded(id="9", staff_id="sara", calls=calls, at=NOW)
