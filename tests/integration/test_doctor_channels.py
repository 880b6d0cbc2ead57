"""`notifier check` and `notifier doctor` know the channels of the staff."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notifier.config import Config
from notifier.config.loading import load
from notifier.config.staff import BaleBotConfig
from notifier.diagnostics import offline, staff_channels
from notifier.domain.channels import StaffChannel
from notifier.errors import ConfigError
from notifier.simulator import Fault, Simulator

SHIPPED = Path(__file__).parents[2] / "config.toml"
TOKEN = "77001:AAsecretOfBale"


def found(make_config: Callable[..., Config], **more: Any) -> str:
    config = make_config(**more)
    return "\n".join(str(one.text) for one in staff_channels.channel_findings(config))


def bot(**more: Any) -> dict[str, Any]:
    return {"bale": {"token": TOKEN, "url": "http://127.0.0.1:1", **more}}


async def test_the_bot_that_answers_and_those_that_do_not(
    make_config: Callable[..., Config], simulator: Simulator, simulator_url: str
) -> None:
    simulator.bots.add(TOKEN)
    url = f"{simulator_url.removesuffix('/v1')}/tapi"

    async def said(**more: Any) -> list[str]:
        settings = BaleBotConfig(**{"token": TOKEN, "url": url, **more})
        return [f"{one.level} {one.what}" async for one in staff_channels.bot(StaffChannel.BALE, settings)]

    assert any("answers as @bot77001_bot" in one for one in await said())
    assert any("username is other" in one for one in await said(username="other"))
    assert any("does not take our token" in one for one in await said(token="1:unknown-token"))
    assert any("is not set" in one for one in await said(token="env:NO_SUCH_TOKEN_ANYWHERE"))
    simulator.faults.add(Fault(kind="http_error", method="bot/getMe"))
    (away,) = await said()
    assert "says nothing of use" in away
    assert TOKEN not in away


def test_webhooks_need_a_secret_and_an_address(make_config: Callable[..., Config]) -> None:
    assert "callback_token" not in found(make_config, staff__channels=bot())
    told = found(make_config, staff__channels=bot(updates="webhook"))
    assert "without it anybody could press buttons" in told
    assert "public_url" in told
    whole = bot(updates="webhook", callback_token="callback-of-bots")
    assert found(make_config, staff__channels=whole, server__public_url="https://n.example") == ""
    short = bot(updates="webhook", callback_token="راز")
    assert "8 to 200" in found(make_config, staff__channels=short, server__public_url="https://n.example")
    assert "names telegram" in found(make_config, staff__channels={**bot(), "order": ["telegram", "sms"]})


@pytest.mark.parametrize("token", ["کلید", "a b:c", "1:x/../y"])
def test_what_is_no_token_is_found(make_config: Callable[..., Config], token: str) -> None:
    told = found(make_config, staff__channels=bot(token=token))
    assert "holds no token" in told
    assert token not in told


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://tapi.bale.ai", "https://"),
        ("tapi.bale.ai", "no address"),
        ("https://user:pass@tapi.bale.ai", "no user name"),
        ("https://tapi.bale.ai/?a=b", "no user name"),
    ],
)
def test_a_token_goes_to_safe_addresses_alone(make_config: Callable[..., Config], url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        make_config(staff__channels=bot(url=url))


def test_an_unset_token_is_an_error_of_check(make_config: Callable[..., Config]) -> None:
    config = make_config(staff__channels=bot(token="env:NO_SUCH_TOKEN_ANYWHERE"))
    assert any("staff.channels.bale.token" in one for one in offline._needed_secrets(config))


def test_a_stand_in_on_this_machine_may_post_without_tls(make_config: Callable[..., Config]) -> None:
    here = bot(updates="webhook", callback_token="callback-of-bots")
    assert found(make_config, staff__channels=here, server__public_url="http://127.0.0.1:8080") == ""
    assert "to begin with https://" in found(make_config, staff__channels=here, server__public_url="")
    away = {"bale": here["bale"] | {"url": "https://tapi.bale.ai"}}
    told = found(make_config, staff__channels=away, server__public_url="http://127.0.0.1:8080")
    assert "to begin with https://" in told


@pytest.mark.parametrize(("url", "stands"), [("http://127.0.0.1:8090/tapi", True), ("https://tapi.bale.ai", False)])
def test_the_token_of_a_stand_in_may_stand_in_the_file(tmp_path: Path, url: str, stands: bool) -> None:
    """As the guide says it: `notifier simulator` has a bot whose token opens nothing."""
    section = f'[staff.channels.bale]\ntoken = "1000:simulator"\nurl = "{url}"\ncallback_token = "callback-of-bots"\n'
    file = tmp_path / "config.toml"
    file.write_text(SHIPPED.read_text(encoding="utf-8") + section)
    if not stands:
        with pytest.raises(ConfigError, match="secrets do not belong"):
            load(file)
        return
    (settings,) = load(file).staff.channels.bots.values()
    assert settings.token.value() == "1000:simulator"
