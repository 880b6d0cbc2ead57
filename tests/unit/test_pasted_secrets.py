"""Secrets as they are pasted, and those that cannot be right."""

from pathlib import Path

import pytest

from notifier.config.loading import load
from notifier.diagnostics import offline
from notifier.secret import Secret

GOOD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize(
    "pasted",
    [
        f"{GOOD}\n",
        f" {GOOD}\r\n",
        f"\ufeff{GOOD}",
        f'"{GOOD}"',
        f"'{GOOD}' ",
        f"«{GOOD}»",
        f"v1,{GOOD}",
        f'"v1,{GOOD}"\n',
    ],
)
def test_what_is_pasted_around_a_secret_is_left_out(pasted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", pasted)
    assert Secret("env:A_SECRET").value() == GOOD
    assert Secret("env:A_SECRET").flaw is None


@pytest.mark.parametrize("nothing", ["", " ", "\n", '""'])
def test_a_secret_of_white_space_is_not_set(nothing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", nothing)
    assert not Secret("env:A_SECRET").is_set


@pytest.mark.parametrize(
    "value", ["two words of a secret", "a-secret-of\nlines", "hidden\u200bsign-in-it", f"{GOOD}…", "v1,MfKQ9r8GKYqrTw"]
)
def test_a_secret_that_cannot_be_right_is_named_and_not_shown(
    value: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SHOP_WEBHOOK_SECRET", value)
    found = [one.text for one in offline.check(Path("config.toml")) if "SHOP_WEBHOOK_SECRET" in one.text]
    assert any("copy it once more" in text and "sources.shop.secret" in text for text in found)
    assert not any(value in text for text in found)


def test_a_mark_before_the_configuration_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b"\xef\xbb\xbf" + Path("config.toml").read_bytes())
    assert load(file, environment={}).shop == load(Path("config.toml"), environment={}).shop
