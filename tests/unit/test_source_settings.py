"""What a source may be called, and where a WooCommerce shop may be asked for its orders."""

from pathlib import Path

import pytest

from notifier.config import Config
from notifier.config.loading import load
from notifier.config.sources import WooCommerceSource
from notifier.errors import ConfigError

SHOP = '[shop]\nname = "فروشگاه"\nsupport_phone = "02191001234"\n'


def config(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "config.toml"
    file.write_text(SHOP + text, encoding="utf-8")
    return load(file, environment={})


def source(name: str) -> str:
    return f'[sources."{name}"]\nkind = "standard"\nsecret = "env:X"\n'


@pytest.mark.parametrize("name", ["shop", "Shop-2", "woo_tehran", "2", "a" * 40])
def test_a_name_that_fits(tmp_path: Path, name: str) -> None:
    assert list(config(tmp_path, source(name)).sources) == [name]


@pytest.mark.parametrize("name", ["a:b", "", "a b", "a/b", "a.b", "{a}", "a?b", "a%b", "فروشگاه", "-a", "a" * 41])
def test_a_name_that_would_break_keys_or_addresses(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, source(name))
    (line,) = str(caught.value).splitlines()
    assert "cannot name a source" in line
    assert "letters (a-z), digits" in line


def rest(url: str, more: str = "") -> str:
    keys = f'url = "{url}"\nconsumer_key = "env:CK"\nconsumer_secret = "env:CS"\n{more}'
    return f'[sources.woo]\nkind = "woocommerce"\nsecret = "env:X"\n[sources.woo.rest]\n{keys}'


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://shop.example", "https://shop.example"),
        ("https://shop.example/fa/", "https://shop.example/fa"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_where_a_shop_may_be_asked(tmp_path: Path, url: str, kept: str) -> None:
    woo = config(tmp_path, rest(url)).sources["woo"]
    assert isinstance(woo, WooCommerceSource)
    assert woo.rest is not None
    assert woo.rest.url == kept
    assert "Secret(env:CK)" in repr(woo)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://shop.example", "write https://"),
        ("http://127.0.0.1.shop.example", "write https://"),
        ("http://10.0.0.7", "write https://"),
        ("shop.example", "not the address of a shop"),
        ("ftp://shop.example", "not the address of a shop"),
        ("https://", "not the address of a shop"),
        ("https://shop.example:port", "not the address of a shop"),
        ("https://[shop", "not the address of a shop"),
        ("https://ck_1:cs_2@shop.example", "no user name or key"),
        ("https://shop.example/wp-json/wc/v3", "without /wp-json"),
        ("https://shop.example/?consumer_key=ck_1", "without /wp-json"),
    ],
)
def test_where_it_may_not(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, rest(url))
    (line,) = str(caught.value).splitlines()
    assert ": sources.woo.rest.url: " in line
    assert said in line
    assert "cs_2" not in line


@pytest.mark.parametrize(
    "more", ['every = "30s"', 'every = "often"', 'timeout = "0s"', 'look_back = "x"', 'key = "x"', "consumer_key = 1"]
)
def test_other_mistakes_name_their_key(tmp_path: Path, more: str) -> None:
    text = rest("https://shop.example", more)
    if more.startswith("consumer_key"):
        text = text.replace('consumer_key = "env:CK"\n', "")
    with pytest.raises(ConfigError, match=r"sources\.woo\.rest\." + more.split(" ")[0]):
        config(tmp_path, text)


def test_a_status_in_two_spellings_that_mean_different_things(tmp_path: Path) -> None:
    statuses = '[sources.woo.statuses]\n"wc-Sent" = ["order.shipped"]\nsent = ["order.packed"]\n'
    text = '[sources.woo]\nkind = "woocommerce"\nsecret = "env:X"\n' + statuses
    with pytest.raises(ConfigError, match=r"sources\.woo\.statuses: .*another spelling"):
        config(tmp_path, text)
    assert config(tmp_path, text.replace("order.packed", "order.shipped")).sources["woo"].rules().meanings("sent")
