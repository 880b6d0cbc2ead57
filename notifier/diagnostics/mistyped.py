"""What an operator mistyped that only a customer would notice: numbers, addresses, and cities with no promise."""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from notifier.config import Config
from notifier.config.loading import key_of
from notifier.config.loopback import is_loopback
from notifier.diagnostics import findings
from notifier.diagnostics.findings import Finding
from notifier.diagnostics.leftovers import is_sample, shops
from notifier.diagnostics.mistimed import mistimed
from notifier.domain import cards, persian, phones
from notifier.store import urls

_SHORT_NUMBER = re.compile("1[0-9]{2,3}")
"""A number of three or four digits that is dialled alone, as 1540 is."""

_ACCOUNT = re.compile(r"[0-9]+(?:[.\-/ ][0-9]+)*")
_LINE = re.compile(r"\+?[0-9]{4,16}|")
_NUMBERED = ("kavenegar", "smsir")

_LABEL = re.compile(r"(?!-)[\w-]{1,63}(?<!-)")
_NOBODYS = re.compile(r"(?:.+\.)?(?:example(?:\.(?:com|net|org))?|invalid|test|localhost)")
"""Names that no machine has, by RFC 2606."""

_OTHERWISE = "the promises of [policy.otherwise] instead; write those of the region, or take the region away"


def mistyped(config: Config) -> Iterator[Finding]:
    """A finding for each."""
    for section, said in shops(config):
        where = f"{config.file}: {section}"
        yield from _card(f"{where}.card", said.get("card", ""))
        yield from _account(f"{where}.account", said.get("account", ""))
        yield from _phone(f"{where}.support_phone", said.get("support_phone"))
        yield from _site(f"{where}.site", said.get("site", ""))
    yield from _lines(config)
    yield from _addresses(config)
    yield from _proxies(config)
    yield from _cities(config)
    yield from mistimed(config)


def _card(where: str, given: str) -> Iterator[Finding]:
    try:
        if not is_sample(given, "card"):
            cards.card(given)
    except ValueError as wrong:
        yield findings.error(where, str(wrong))


def _account(where: str, given: str) -> Iterator[Finding]:
    digits = persian.ascii_digits(given).strip()
    if digits and not _ACCOUNT.fullmatch(digits):
        text = "is no number of an account; write its digits, with the points or hyphens that the bank puts between"
        yield findings.error(where, text)


def _lines(config: Config) -> Iterator[Finding]:
    """Lines that texts would leave by, of providers that number them."""
    for name, provider in config.providers.items():
        account: Any = provider
        if getattr(account, "kind", "") in _NUMBERED and not _LINE.fullmatch(account.sender or ""):
            text = "is no number of a line; write its digits alone, in Latin numerals, such as 10004346"
            yield findings.error(f"{config.file}: providers.{name}.sender", text)


def _proxies(config: Config) -> Iterator[Finding]:
    for network in config.server.trusted_proxies:
        if network.prefixlen == 0:
            text = f"{network} is everybody, so whoever asks could say that he is another; name the proxy alone"
            yield findings.error(f"{config.file}: server.trusted_proxies", text)


def _phone(where: str, given: str | None) -> Iterator[Finding]:
    if given is None or _SHORT_NUMBER.fullmatch(persian.ascii_digits(given).strip()):
        return
    try:
        phones.normalize(given)
    except phones.PhoneError:
        text = "customers cannot ring this; write the whole number with its area code, such as 02191001234"
        yield findings.error(where, text)


def _site(where: str, given: str) -> Iterator[Finding]:
    if given and not is_sample(given, "site"):
        site = given.strip()
        yield from _address(where, site if "://" in site else f"https://{site}", is_public=True)


def _addresses(config: Config) -> Iterator[Finding]:
    file = config.file
    if config.server.public_url:
        yield from _address(f"{file}: server.public_url", config.server.public_url, is_base=True)
    for name, provider in config.providers.items():
        account: Any = provider
        key = "url" if hasattr(account, "url") else "base_url"
        yield from _address(f"{file}: providers.{name}.{key}", str(getattr(account, key)), carries="the key")
        if status_url := getattr(account, "status_url", None):
            yield from _address(f"{file}: providers.{name}.status_url", status_url, carries="the key")
        if credit := getattr(account, "credit", None):
            yield from _address(f"{file}: providers.{name}.credit.url", credit.url, carries="the key")
    for name, webhook in config.webhooks.items():
        yield from _address(f"{file}: webhooks.{name}.url", webhook.url)
    for name, source in config.sources.items():
        if rest := getattr(source, "rest", None):
            yield from _address(f"{file}: sources.{name}.rest.url", rest.url)
    try:
        _redis(config.redis.url)
    except urls.UnsupportedUrl as wrong:
        yield findings.error(f"{file}: redis.url", str(wrong))


def _address(
    where: str, text: str, *, is_base: bool = False, is_public: bool = False, carries: str = "customers' orders"
) -> Iterator[Finding]:
    """What is wrong with an address of the web. ``is_base``: paths are put behind it; ``carries``: what goes there."""
    parts = _parts(text)
    if parts is None:
        yield findings.error(where, "is no address of the web; write it whole, such as https://shop.ir")
        return
    host = parts.hostname or ""
    if is_public and "." not in host:
        yield findings.error(where, f"no site is called {host!r}; write it whole, such as shop.ir")
    elif _NOBODYS.fullmatch(host) and not is_loopback(host):
        yield findings.error(where, f"nobody can have {host!r}, it is a name for examples; write the real one")
    elif is_public and is_loopback(host):
        yield findings.error(where, "is this machine itself, where no customer can go; write the address they know")
    elif parts.scheme == "http" and not is_loopback(host) and not is_public:
        found = findings.warning if _is_inside(host) else findings.error
        yield found(where, f"over http {carries} can be read on the way; write https://")
    if is_base and (parts.query or parts.fragment or parts.username is not None):
        yield findings.error(where, "must be the address alone: nothing behind ? or #, no name and password")


def _parts(text: str) -> SplitResult | None:
    """The parts of an address of the web; None where it is none."""
    try:
        parts = urlsplit(text)
        _ = parts.port
        host = parts.hostname or ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or re.search(r"[\s<>\"|\\^`]", text):
        return None
    return parts if _is_address(host) or all(map(_LABEL.fullmatch, host.removesuffix(".").split("."))) else None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_inside(host: str) -> bool:
    """Whether it is a machine of a network of one's own."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host


def _redis(url: str) -> None:
    """Raises UnsupportedUrl."""
    if url == "embedded":
        return
    if "+" in urls.scheme_of(url) and urls.scheme_of(url) in urls.OPTIONS:
        urls.several(url)
    else:
        urls.check(url)


def _cities(config: Config) -> Iterator[Finding]:
    """Cities whose orders would get the promises of nobody, or those of another region."""
    first: dict[str, str] = {}
    for region, cities in config.regions.cities.items():
        where = f"{config.file}: {key_of(('regions', 'cities', region))}"
        if cities and region not in config.policy.regions:
            yield findings.error(where, f"there is no [policy.{region}.…]: {cities[0]} gets {_OTHERWISE}")
        for city in cities:
            if first.setdefault(persian.fold(city), region) != region:
                other = first[persian.fold(city)]
                yield findings.error(where, f"{city} is in {other} as well; keep it in one of the two")
    default = config.regions.default
    if config.policy.regions and default not in config.policy.regions:
        text = f"there is no [policy.{default}.…]: every other city gets {_OTHERWISE}"
        yield findings.error(f"{config.file}: regions.default", text)
