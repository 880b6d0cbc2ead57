"""``[webhooks.NAME]``: what is refused, and that the words that ship are right."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from notifier.config import Config
from notifier.config.loading import load
from notifier.config.outbound import WebhookConfig
from notifier.config.section import keys
from notifier.config.shipped import CONFIG
from notifier.diagnostics import offline
from notifier.diagnostics.offline import FindingLevel
from notifier.errors import ConfigError
from notifier.outbound.events import Topic
from notifier.service import news

SECRET, OLD = "whsec_dGhlIHNob3AgYW5kIHdlIGtub3cgdGhpcw==", "whsec_dGhlIHNlY3JldCBvZiBsYXN0IHllYXIu"


def config(name: str = "backend", **changes: Any) -> Config:
    section = {"url": "https://shop.example/hooks", "secret": SECRET, "events": ["order.priority"]} | changes
    return load(CONFIG, environment={"NOTIFIER__WEBHOOKS": json.dumps({name: section})})


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/hooks?a=b",
        "https://10.0.0.5:8443/",
        "http://127.0.0.1:9000/hooks",
        "http://127.8.8.8/",
        "http://[::1]:9000/",
        "http://localhost/hooks",
    ],
)
def test_addresses_that_are_allowed(url: str) -> None:
    assert config(url=url).webhooks["backend"].url == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://shop.example/hooks", "write https://"),
        ("http://10.0.0.5/", "write https://"),
        ("http://localhost.shop.example/", "write https://"),
        ("http://127.0.0.1.shop.example/", "write https://"),
        ("https://me:secret@shop.example/", "leave the name and password out"),
        ("ftp://shop.example/", "begins with https://"),
        ("shop.example/hooks", "begins with https://"),
        ("https://", "address"),
        ("https://shop.example:port/", "address"),
    ],
)
def test_addresses_that_are_refused(url: str, why: str) -> None:
    with pytest.raises(ConfigError) as refused:
        config(url=url)
    assert "NOTIFIER__WEBHOOKS: webhooks.backend.url: " in str(refused.value)
    assert why in str(refused.value)
    assert "me:secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"events": []}, "webhooks.backend.events"),
        ({"events": ["order.priorty"]}, "webhooks.backend.events.0"),
        ({"timeout": "0s"}, "timeout must be longer than 0s and at most 1m"),
        ({"timeout": "2m"}, "timeout must be longer than 0s and at most 1m"),
        ({"keep": "0s"}, "off_after and keep must be longer than 0s"),
        ({"at_most": 0}, "webhooks.backend.at_most"),
        ({"secert": "x"}, "webhooks.backend.secert: unknown key"),
    ],
)
def test_mistakes_are_named(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(why)):
        config(**changes)


@pytest.mark.parametrize("name", ["a:b", "ا", "a b", "", "x" * 41])
def test_a_name_must_fit_into_keys(name: str) -> None:
    with pytest.raises(ConfigError):
        config(name=name)


def test_what_check_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BACKEND_WEBHOOK_SECRET", raising=False)
    wrong = config(secret="not base64", sources=["shop", "shp"])
    said = [
        found.text
        for found in offline.findings(wrong, {})
        if found.level is FindingLevel.ERROR and "webhooks" in found.text
    ]
    assert any("webhooks.backend.secret: the secret must be base64" in text for text in said)
    assert any("webhooks.backend.sources: there is no [sources.shp]" in text for text in said)
    with pytest.raises(
        ConfigError, match=r"webhooks\.backend\.secret: the environment variable BACKEND_WEBHOOK_SECRET"
    ):
        offline.require(config(secret="env:BACKEND_WEBHOOK_SECRET"), {})


def test_the_old_secret_signs_as_long_as_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    both = config(previous_secret="env:OLD_WEBHOOK_SECRET")
    monkeypatch.delenv("OLD_WEBHOOK_SECRET", raising=False)
    assert news.endpoints(both)[0].secrets == (SECRET,)
    monkeypatch.setenv("OLD_WEBHOOK_SECRET", OLD)
    (endpoint,) = news.endpoints(both)
    assert endpoint.secrets == (SECRET, OLD)
    assert SECRET not in repr(endpoint) + repr(both)
    assert any("webhooks.backend.previous_secret" in found.text for found in offline.rotations(both))


def test_the_section_that_ships_commented_is_right_and_whole() -> None:
    lines = Path(CONFIG).read_text(encoding="utf-8").split("# [webhooks.backend]")[1].split("\n\n")[0].splitlines()[1:]
    section = tomllib.loads("\n".join(line.removeprefix("# ") for line in lines))
    fields = keys(WebhookConfig)
    assert set(section) == set(fields)
    shown = config(**section).webhooks["backend"]
    assert set(shown.events) == set(Topic)
    defaults = {name: field.default for name, field in fields.items() if not field.is_required()}
    assert {name: getattr(shown, name) for name in defaults if name != "previous_secret"} == {
        name: value for name, value in defaults.items() if name != "previous_secret"
    }
