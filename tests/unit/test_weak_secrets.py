"""`notifier check` finds secrets that could be found by trying."""

import json
from base64 import b64encode
from pathlib import Path

import pytest

from notifier.config.loading import load
from notifier.diagnostics import offline
from notifier.diagnostics.weak_secrets import weak_secrets

ROOT = Path(__file__).parents[2]
GOOD = {
    "NOTIFIER__SOURCES__SHOP__SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "NOTIFIER__SOURCES__WOO__SECRET": "5f2b8c1e9d7a4f605f2b8c1e",
    "NOTIFIER__CALLBACKS__TOKEN": "5f2b8c1e9d7a4f60",
    "NOTIFIER__API__TOKENS": json.dumps(["5f2b8c1e9d7a4f60"]),
}
WEAK = {
    "NOTIFIER__SOURCES__SHOP__SECRET": "whsec_c2hvcnQ=",
    "NOTIFIER__SOURCES__WOO__SECRET": "practice",
    "NOTIFIER__CALLBACKS__TOKEN": "hook",
    "NOTIFIER__API__TOKENS": json.dumps(["5f2b8c1e9d7a4f60", "admin"]),
}


def keys(settings: dict[str, str]) -> list[str]:
    found = [one.text for one in weak_secrets(load(ROOT / "config.toml", environment=settings))]
    assert not any(value in text for text in found for value in settings.values())
    return [text.split(": ")[1] for text in found]


def test_short_ones_are_named_and_never_shown() -> None:
    assert keys(GOOD) == []
    assert keys(WEAK) == ["sources.shop.secret", "sources.woo.secret", "callbacks.token", "api.tokens[1]"]
    endpoint = {"url": "https://shop.example/hooks", "secret": "whsec_c2hvcnQ=", "events": ["order.priority"]}
    assert keys(GOOD | {"NOTIFIER__WEBHOOKS__BACKEND": json.dumps(endpoint)}) == ["webhooks.backend.secret"]


def test_what_is_not_set_is_not_short() -> None:
    assert keys({}) == []


def test_check_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (GOOD | {"NOTIFIER__CALLBACKS__TOKEN": "hook"}).items():
        monkeypatch.setenv(name, value)
    [found] = [found for found in offline.check(ROOT / "config.toml") if "by trying" in found.text]
    assert found.level is offline.FindingLevel.WARNING
    assert "callbacks.token: has 4 characters" in found.text


def levels(**settings: str) -> list[tuple[str, str]]:
    found = weak_secrets(load(ROOT / "config.toml", environment=GOOD | settings))
    return [(one.level.value, one.text.split(": ", 2)[2].partition(" and ")[0]) for one in found]


@pytest.mark.parametrize("source", ["SHOP", "WOO"])
def test_what_a_shop_signs_with_has_24_bytes_or_is_an_error(source: str) -> None:
    key = f"NOTIFIER__SOURCES__{source}__SECRET"
    made = {24: "whsec_" + b64encode(bytes(24)).decode(), 23: "whsec_" + b64encode(bytes(23)).decode()}
    if source == "WOO":  # what its webhooks hold is itself the key
        made = {24: "x" * 24, 23: "x" * 23}
    assert levels(**{key: made[24]}) == []
    assert levels(**{key: made[23]}) == [("error", "has 23 bytes of at least 24")]


def test_bytes_are_counted_and_not_letters() -> None:
    assert levels(NOTIFIER__SOURCES__WOO__SECRET="رازی که دراز است") == []
    assert levels(NOTIFIER__SOURCES__WOO__SECRET="x") == [("error", "has 1 byte of at least 24")]


def test_a_shop_that_can_have_no_longer_one_says_so() -> None:
    says = {"NOTIFIER__SOURCES__WOO__SHORT_SECRET": "true"}
    assert levels(**says, NOTIFIER__SOURCES__WOO__SECRET="x" * 16) == []
    assert levels(**says, NOTIFIER__SOURCES__WOO__SECRET="x" * 15) == [("warning", "has 15 characters")]
