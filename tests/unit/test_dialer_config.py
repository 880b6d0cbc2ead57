"""What may stand in ``[dialer]``: each wrong setting is refused with its place and what to write instead."""

import json
from typing import Any

import pytest

from notifier.config import Config, shipped
from notifier.config.loading import load
from notifier.diagnostics.dialer import dialer_findings
from notifier.errors import ConfigError

HTTP = {"kind": "http", "url": "https://pbx.shop.ir/dial?e={extension}&n={number}", "callback_token": "env:TOKEN"}
AMI = {"kind": "ami", "address": "192.168.1.10:5038", "user": "notifier", "secret": "env:SECRET"}
SIMOTEL = {"kind": "simotel", "url": "http://192.168.1.10/api/v4", "user": "crm", "secret": "env:S", "api_key": "env:K"}
MAY = {"http": HTTP, "ami": AMI, "simotel": SIMOTEL}


def read(settings: dict[str, Any], **more: str) -> Config:
    return load(shipped.CONFIG, environment={"NOTIFIER__DIALER": json.dumps(settings), **more})


def refused(settings: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as told:
        read(settings)
    assert "NOTIFIER__DIALER" in str(told.value), "the place it came from"
    return str(told.value)


@pytest.mark.parametrize("kind", MAY)
def test_what_is_whole_is_taken(kind: str) -> None:
    settings = read(MAY[kind]).dialer
    assert settings.is_on
    assert settings.host == ("pbx.shop.ir" if kind == "http" else "192.168.1.10")


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("kind", "sip", "dialer.kind: must be 'off', 'http', 'ami' or 'simotel'"),
        ("url", "", "url: write where the exchange is asked, for example https://"),
        ("url", "pbx", "url: write where the exchange is asked"),
        ("url", "ftp://pbx/{extension}/{number}", "url: write where the exchange is asked"),
        ("url", "https://pbx.shop.ir:99999/{extension}/{number}", "url: write where the exchange is asked"),
        ("url", "https://[::1/{extension}/{number}", "url: write where the exchange is asked"),
        ("url", "https://pbx.shop.ir/{extension}/{number}\r\nX: y", "url: write where the exchange is asked"),
        ("url", "https://pbx.shop.ir/{extension}/{number}#x", "url: can hold neither # nor a blank"),
        ("url", "https://pbx.shop.ir/{extension} {number}", "url: can hold neither # nor a blank"),
        ("url", "http://pbx.shop.ir/{extension}/{number}", "url: write https://"),
        ("url", "https://me:secret@pbx.shop.ir/{extension}/{number}", "url: must hold no user name or password"),
        ("url", "https://{extension}.shop.ir/{number}", "url: placeholders may stand behind the host alone"),
        ("url", "https://pbx.shop.ir/{ext}/{number}", "url: {ext} is nothing; there are: attempt, extension"),
        ("url", "https://pbx.shop.ir/{}/{extension}/{number}", "url: {} is nothing"),
        ("url", "https://pbx.shop.ir/{number}", "{extension} stands nowhere in url, headers and body"),
        ("url", "https://pbx.shop.ir/{extension}", "{number} stands nowhere in url, headers and body"),
        ("method", "DELETE", "dialer.method: must be 'GET', 'POST' or 'PUT'"),
        ("headers", {"X Y": "z"}, "headers: 'X Y' is no name of a header"),
        ("headers", {"X": "a\r\nHost: b"}, "dialer.headers.X: holds a line break"),
        ("headers", {"X": 5}, "dialer.headers.X: Input should be a valid string"),
        ("headers", {"X": "{key}"}, "headers.X: {key} is nothing"),
        ("body", {"a": ["{to}"]}, "body.a[0]: {to} is nothing"),
        ("body", "text", "dialer.body: Input should be a valid table"),
        ("body_format", "xml", "dialer.body_format: must be 'json' or 'form'"),
        ("secrets", {"A-B": "env:X"}, "dialer.secrets.A-B: 'A-B' is no name: small Latin letters"),
        ("secrets", {"number": "env:X"}, "{number} is of each call already; choose another name"),
        ("accepted_when", "a ===", "dialer.accepted_when: 'a ===' is no JMESPath expression"),
        ("reference", "[[", "dialer.reference: '[[' is no JMESPath expression"),
        ("fields", {"word": "]["}, "dialer.fields.word: '][' is no JMESPath expression"),
        ("fields", {"wurd": "a"}, "dialer.fields.wurd: unknown key"),
        ("words", {"gone": "talked"}, "dialer.words.gone: must be 'agent_ringing'"),
        ("words", {"": "busy"}, "is empty; write something here"),
        ("ring", "1s", "dialer.ring: Input should be greater than or equal to 5 seconds"),
        ("ring", "5m", "dialer.ring: Input should be less than or equal to 3 minutes"),
        ("timeout", "soon", "dialer.timeout: 'soon' is not a length of time; write for example"),
        ("prefix", "9a", "dialer.prefix: '9a' cannot be dialled: digits, * and # alone"),
        ("prefix", "۹", "dialer.prefix: '۹' cannot be dialled"),
        ("prefix", "9" * 9, "at most 8"),
        ("recording_hosts", ["https://pbx.shop.ir"], "dialer.recording_hosts.0: 'https://pbx.shop.ir' is no name of"),
        ("recording_hosts", [""], "is no name of a host"),
        ("recording_base", "http://pbx.shop.ir/rec", "recording_base: write an address with https://"),
        ("recording_base", "https://a:b@pbx.shop.ir/rec", "recording_base: write an address with https://"),
        ("recording_base", "https://pbx.shop.ir/rec?a=1", "recording_base: write an address with https://"),
        ("recording_base", "rec", "recording_base: write an address with https://"),
        ("show_inbound", "maybe", "dialer.show_inbound: is neither true nor false"),
        ("callback_token", "", "dialer.callback_token: is empty"),
        ("colour", "green", "dialer.colour: unknown key"),
    ],
)
def test_a_described_exchange_that_cannot_be(key: str, value: Any, told: str) -> None:
    assert told in refused(HTTP | {key: value})


def test_a_request_without_a_body_takes_none() -> None:
    assert 'write method = "POST"' in refused(HTTP | {"method": "GET", "body": {"a": "b"}})


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("address", "", "address: write where the manager interface is, for example"),
        ("address", "tcp://192.168.1.10", "address: write where the manager interface is"),
        ("address", "192.168.1.10:0", "address: write where the manager interface is"),
        ("address", "192.168.1.10:70000", "address: write where the manager interface is"),
        ("address", "[::::]:5038", "address: write where the manager interface is"),
        ("address", "8.8.8.8:5038", "write tls = true"),
        ("address", "pbx.shop.ir", "write tls = true"),
        ("user", "", "user and secret: write those of manager.conf"),
        ("user", "a\rb", "dialer.user: holds a line break"),
        ("channel", "PJSIP/201", 'channel: write how an extension is rung, for example "PJSIP/{extension}"'),
        ("channel", "PJSIP/{extension}&PJSIP/999", "channel: write how an extension is rung"),
        ("channel", "", "channel: write how an extension is rung"),
        ("context", "a b", "context: write the name of a context of the dialplan"),
        ("caller_id", "a\nAction: Logoff", "dialer.caller_id: holds a line break"),
        ("account", "x" * 201, "dialer.account: String should have at most 200 characters"),
    ],
)
def test_a_manager_interface_that_cannot_be(key: str, value: Any, told: str) -> None:
    assert told in refused(AMI | {key: value})


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("url", "", "url: write where the exchange is asked, for example http://192.168.1.10/api/v4"),
        ("url", "http://pbx.shop.ir/api/v4", "url: write https://"),
        ("url", "http://192.168.1.10/{x}", "url: takes no placeholders and no ?"),
        ("url", "http://192.168.1.10/api/v4?x=1", "url: takes no placeholders and no ?"),
        ("user", "", "user, secret and api_key: all three are needed"),
        ("user", "a:b", "user: cannot hold a colon"),
    ],
)
def test_a_simotel_that_cannot_be(key: str, value: Any, told: str) -> None:
    assert told in refused(SIMOTEL | {key: value})


@pytest.mark.parametrize(("settings", "key"), [(AMI, "secret"), (SIMOTEL, "secret"), (SIMOTEL, "api_key")])
def test_what_lacks_a_secret_is_refused(settings: dict[str, Any], key: str) -> None:
    assert key in refused({name: value for name, value in settings.items() if name != key})


def test_no_secret_is_in_a_refusal() -> None:
    secret = "hunter2-of-the-exchange"
    for settings in (
        AMI | {"secret": secret, "channel": ""},
        SIMOTEL | {"secret": secret, "api_key": secret, "url": ""},
        HTTP | {"callback_token": secret, "secrets": {"key": secret}, "method": "DELETE"},
    ):
        assert secret not in refused(settings)


def test_names_of_hosts_are_the_same_in_capitals() -> None:
    assert read(HTTP | {"recording_hosts": ["PBX.Shop.ir"]}).dialer.recording_hosts == ["pbx.shop.ir"]


def test_what_is_odd_is_found() -> None:
    def found(settings: dict[str, Any]) -> list[str]:
        return [one.text for one in dialer_findings(read(settings))]

    assert found(HTTP) == found(AMI) == []
    assert found({"kind": "off", "url": "https://pbx.example"}) == []
    (example,) = found(HTTP | {"url": "https://pbx.example/{extension}/{number}"})
    assert "'pbx.example', it is a name for examples; write the real one" in example
    without = {name: value for name, value in HTTP.items() if name != "callback_token"}
    (silent,) = (one.text for one in dialer_findings(read(without, NOTIFIER__CALLBACKS="{}")))
    assert "dialer.callback_token" in silent
    assert "cannot tell what became of calls" in silent
    assert not list(dialer_findings(read(AMI, NOTIFIER__CALLBACKS="{}"))), "what it tells is heard where it is asked"


def test_secrets_that_are_needed() -> None:
    needed = read(HTTP | {"headers": {"Authorization": "env:AUTH", "X": "y"}, "secrets": {"key": "env:KEY"}}).dialer
    assert sorted(needed.secrets_needed) == ["callback_token", "headers.Authorization", "secrets.key"]
    assert read({"kind": "off", "secret": "env:SECRET"}).dialer.secrets_needed == {}


OF_KINDS = {
    "address": "ami",
    "tls": "ami",
    "channel": "ami",
    "account": "ami",
    "api_key": "simotel",
    "trunk": "simotel",
    "method": "http",
    "headers": "http",
    "body": "http",
    "secrets": "http",
    "accepted_when": "http",
}
VALUES: dict[str, Any] = {"tls": True, "headers": {"X": "y"}, "body": {"a": "b"}, "secrets": {"key": "env:K"}}


@pytest.mark.parametrize("kind", MAY)
@pytest.mark.parametrize("key", OF_KINDS)
def test_a_key_of_another_kind_is_said_to_be_one(kind: str, key: str) -> None:
    settings = MAY[kind] | {key: VALUES.get(key, "GET" if key == "method" else "PJSIP/{extension}/x")}
    if kind == OF_KINDS[key]:
        return
    told = refused(settings)
    assert f'dialer.{key}: is a key of kind = "{OF_KINDS[key]}", and this section is of kind = "{kind}"' in told
    assert "take it out, or write that kind" in told


def test_a_key_of_several_other_kinds_names_them() -> None:
    told = refused(HTTP | {"user": "crm"})
    assert 'dialer.user: is a key of kind = "ami" and kind = "simotel", and this section is of kind = "http"' in told


SHIPPED_ONCE = {
    "url": "", "method": "POST", "headers": {}, "body_format": "json", "secrets": {}, "address": "", "tls": False,
    "user": "", "channel": "PJSIP/{extension}", "context": "from-internal", "caller_id": "", "account": "", "trunk": "",
}  # fmt: skip
"""What a file has that was made when all kinds' keys stood in it, uncommented."""


@pytest.mark.parametrize("kind", MAY)
def test_keys_of_other_kinds_that_say_nothing_may_stay(kind: str) -> None:
    assert read(SHIPPED_ONCE | MAY[kind]).dialer == read(MAY[kind]).dialer
    assert read(SHIPPED_ONCE | MAY[kind] | {"tls": "false"} if kind != "ami" else MAY[kind]).dialer.kind == kind


@pytest.mark.parametrize("kind", MAY)
def test_a_mistake_is_placed_in_the_section_and_not_in_its_kind(kind: str) -> None:
    told = refused(MAY[kind] | {"url" if kind != "ami" else "address": "", "recording_base": "rec"})
    assert ": dialer: " in told
    assert f"dialer.{kind}" not in told


@pytest.mark.parametrize("kind", MAY)
def test_an_exchange_is_switched_off_by_one_word(kind: str) -> None:
    settings = read(MAY[kind] | {"kind": "off"}).dialer
    assert not settings.is_on
    assert settings.tokens(("usual",)) == ()
    assert settings.exchange() is None


def test_what_is_switched_off_is_read_all_the_same() -> None:
    assert "dialer.tls: is neither true nor false" in refused({"kind": "off", "tls": "maybe"})
    assert "dialer.colour: unknown key" in refused({"kind": "off", "colour": "green"})


@pytest.mark.parametrize("kind", MAY)
def test_each_key_may_come_from_a_variable_of_its_own(kind: str) -> None:
    environment = {f"NOTIFIER__DIALER__{key.upper()}": value for key, value in MAY[kind].items()}
    assert load(shipped.CONFIG, environment=environment).dialer == read(MAY[kind]).dialer


def test_a_section_without_a_kind_is_off() -> None:
    assert read({"ring": "20s"}).dialer.kind == "off"


@pytest.mark.parametrize(
    ("section", "settings", "told"),
    [
        (
            "CARRIERS__MINE",
            {"kind": "chapar", "api_key": "env:K", "shop_id": "5"},
            'shop_id: is a key of kind = "tapin"',
        ),
        ("CARRIERS__MINE", {"kind": "chapar"}, "carriers.mine: give api_key, with which it is asked"),
        ("CARRIERS__MINE", {"kind": "dhl"}, "carriers.mine.kind: must be 'tapin', 'chapar', 'postex', 'alopeyk' or"),
        ("CARRIERS__MINE", {"api_key": "env:K"}, "carriers.mine.kind: is required and not there; write it"),
        ("SOURCES__MINE", {"kind": "standard", "secret": "env:K", "statuses": {}}, 'is a key of kind = "woocommerce"'),
        ("SOURCES__MINE", {"kind": "shopify"}, "sources.mine.kind: must be 'standard', 'woocommerce', 'mapping' or"),
        ("PROVIDERS__MINE", {"kind": "twilio"}, "providers.mine.kind: must be 'kavenegar'"),
        ("PROVIDERS__MINE", {"kind": "kavenegar", "api_key": "env:K", "bot_id": 5}, 'is a key of kind = "bale"'),
    ],
)
def test_other_sections_of_kinds_say_the_same(section: str, settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(shipped.CONFIG, environment={f"NOTIFIER__{section}": json.dumps(settings)})
    assert told in str(refusal.value)
