"""Which hosts are this machine, the same for every part that asks."""

import pytest

from notifier.config.loopback import is_loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2", "::1"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "shop.example", "localhost.example", "10.0.0.1", "0.0.0.0", "::", "[::1]"])
def test_any_other(host: str) -> None:
    assert not is_loopback(host)
