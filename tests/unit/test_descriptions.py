"""Mistakes in the description of a provider are found, and named by their key."""

from typing import Any

import pytest
from pydantic import ValidationError

from notifier.config.providers import ProviderConfig
from notifier.config.section import Section
from notifier.domain.channels import Channel

RIGHT: dict[str, Any] = {
    "kind": "http",
    "url": "https://sms.example/send",
    "body": {"to": "{to_98}", "text": "{text}"},
    "provider_id": "id",
    "status_url": "https://sms.example/status/{provider_id}",
    "status": "state",
    "statuses": {"delivered": ["1"], "undelivered": ["2"]},
    "callback": {"id": "id", "status": "state"},
    "credit": {"url": "https://sms.example/credit", "value": "left", "unit": 10},
    "code": "code",
    "elsewhere": {"codes": ["not_here"]},
    "channel": "bale",
}


class _Providers(Section):
    """Sections as the configuration reads them."""

    one: ProviderConfig


def read(section: dict[str, Any]) -> Any:
    return _Providers.model_validate({"one": section}).one


def test_a_description_of_all() -> None:
    config = read(RIGHT)
    assert config.channel is Channel.BALE
    assert config.reported


def test_the_channel_of_each_kind() -> None:
    key = {"api_key": "env:KEY"}
    kinds = [{"kind": "kavenegar"} | key, {"kind": "kavenegar_voice"} | key, {"kind": "bale", "bot_id": 1} | key]
    channels = [read(section).channel for section in kinds]
    assert channels == [Channel.SMS, Channel.VOICE, Channel.BALE]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"channel": "pigeon"}, "channel"),
        ({"status_url": "https://sms.example/status"}, r"status_url: \{provider_id\} must stand"),
        ({"status_url": "sms.example/{provider_id}"}, "status_url: it must be a whole address"),
        ({"status_url": "https://sms.example/{provider_id}/{to}"}, r"\{to\} is no placeholder of a question"),
        ({"status_url": "https://{provider_id}.example/"}, "no placeholder and no password"),
        ({"status": None}, "status: say where"),
        ({"status": "a["}, "status: "),
        ({"status_url": None}, "status_url: what became of a text is described"),
        ({"statuses": {}}, "statuses: say which values"),
        ({"statuses": {"delivered": ["1"], "blocked": ["1"]}}, "status 1 is listed under"),
        ({"statuses": {"arrived": ["1"]}}, "statuses"),
        ({"provider_id": None}, "provider_id: a report is known by it"),
        ({"callback": {"id": "id"}}, "callback"),
        ({"callback": {"id": "a[", "status": "b"}}, r"callback\.id"),
        ({"credit": {"url": "https://sms.example/credit"}}, "credit"),
        ({"credit": {"url": "https://sms.example/credit", "value": "]"}}, r"credit\.value"),
        ({"credit": {"url": "https://sms.example/{text}", "value": "a"}}, r"\{text\} is no placeholder"),
        ({"credit": {"url": "https://sms.example/", "value": "a", "unit": 0}}, "unit"),
        ({"credit": {"url": "https://sms.example/", "value": "a", "body": {}}}, "a GET has no body"),
        ({"status_body": {"id": "{provider_id}"}}, "a GET has no body"),
        ({"elsewhere": {"codes": ["1"]}, "refused": {"codes": ["1"]}}, "code 1 is listed under"),
        ({"body": {"text": "{text}", "to": "{to_99}"}}, r"\{to_99\} is no placeholder"),
        ({"price": -1}, "price"),
    ],
)
def test_a_mistake_is_named(change: dict[str, Any], said: str) -> None:
    section = {key: value for key, value in (RIGHT | change).items() if value is not None}
    with pytest.raises(ValidationError, match=said):
        read(section)


def test_statuses_that_nobody_tells() -> None:
    section = {key: value for key, value in RIGHT.items() if key not in ("status_url", "status", "callback")}
    with pytest.raises(ValidationError, match="nobody tells any"):
        read(section)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"preset": "nobody"}, "there are ghasedak, ippanel, medianasms, melipayamak"),
        ({"preset": 7}, "there is no 7"),
        ({"preset": "ippanel"}, "needs api_key"),
        ({"preset": "melipayamak", "secrets": {"username": "env:A"}}, "needs password"),
        ({"preset": "ippanel", "secrets": {"api_key": "env:A"}, "base_url": 3}, "base_url"),
    ],
)
def test_a_mistake_in_the_use_of_a_preset(section: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        read({"kind": "http"} | section)


def test_a_section_says_more_than_its_preset() -> None:
    section = {"kind": "http", "preset": "melipayamak", "secrets": {"username": "env:A", "password": "env:B"}}
    section |= {"credit": {"unit": 1800}, "retry_after": "2m"}
    config = read(section)
    assert (config.credit.unit, config.credit.url[-10:], config.retry_after.total_seconds()) == (
        1800,
        "/GetCredit",
        120,
    )
