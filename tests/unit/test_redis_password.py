"""A password in the address of Redis: from the environment, and nowhere to be seen."""

from pathlib import Path

import pytest

from notifier.config.loading import load
from notifier.errors import ConfigError
from notifier.store.urls import passwords_in

ROOT = Path(__file__).parents[2]
URL = "redis://shop:p%40ssword-of-redis@store:6379/0"


def test_the_address_may_stand_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_REDIS", URL)
    config = load(ROOT / "config.toml", environment={"NOTIFIER__REDIS__URL": "env:OUR_REDIS"})
    assert config.redis.url == URL
    assert "p%40ssword" not in repr(config)
    monkeypatch.delenv("OUR_REDIS")
    with pytest.raises(ConfigError, match=r"redis\.url: the environment variable OUR_REDIS is not set"):
        load(ROOT / "config.toml", environment={"NOTIFIER__REDIS__URL": "env:OUR_REDIS"})


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("embedded", set()),
        ("redis://store:6379/0", set()),
        (URL, {"p%40ssword-of-redis", "p@ssword-of-redis"}),
        ("rediss://:only@store", {"only"}),
        ("redis+cluster://u:one@[::1]:6379,n2:6379", {"one"}),
        ("redis+sentinel://u:one@s1,s2/shop?sentinel_username=w&sentinel_password=two", {"one", "two"}),
        ("redis://user@store", set()),
    ],
)
def test_what_the_log_leaves_out(url: str, hidden: set[str]) -> None:
    assert passwords_in(url) == hidden
