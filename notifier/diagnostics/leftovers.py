"""What is still as the sample configuration has it: customers would read, ring and pay somebody else's."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from notifier.config import Config, accounts, shipped
from notifier.config.loopback import is_loopback
from notifier.diagnostics import findings
from notifier.diagnostics.findings import Finding
from notifier.domain import persian, phones

_OF_A_SHOP = {
    "support_phone": "customers would ring somebody else; write where they reach you",
    "site": "customers would be sent to a site that is not there; write yours",
    "card": "customers would pay to it; write the shop's own card",
    "account": "customers would pay to it; write the shop's own account",
    "holder": "customers are told that the account bears it; write whose it is",
}
SECOND = {
    "name": "می‌شاپ",
    "support_phone": "02191005678",
    "site": "mishop.example",
    "sender": "10004347",
}
"""What the sample shows, behind #, of a source that is a shop of its own, beside what [shop] has as well."""

_NAME = "texts would be signed with it; write the shop's own"


def leftovers(config: Config) -> Iterator[Finding]:
    """A finding for each value that was not made the shop's own.

    Errors where texts leave to customers, warnings where the provider is a simulator on this machine. A shop may well
    be called what the sample's is, and rent the line that Kavenegar shows in its own examples: those are warnings.
    """
    found = findings.warning if is_practice(config) else findings.error
    for where, said in shops(config):
        for key, text in _OF_A_SHOP.items():
            if is_sample(said.get(key, ""), key):
                yield found(f"{config.file}: {where}.{key}", f"is still that of the sample; {text}")
        if is_sample(said.get("name", ""), "name"):
            yield findings.warning(f"{config.file}: {where}.name", f"is still that of the sample; {_NAME}")
    lines = {section.get("sender") for section in _sample()["providers"].values()} - {None} | {SECOND["sender"]}
    for name in dict.fromkeys(accounts.names(config)):
        account, (base, _, source) = accounts.section(config, name), name.partition(".")
        if account is not None and not _is_here(config, name) and account.sender in lines:
            text = "is still that of the sample; write the line of your own account, or its texts are refused"
            where = f"sources.{source}" if source else f"providers.{base}"
            yield findings.warning(f"{config.file}: {where}.sender", text)


def is_practice(config: Config) -> bool:
    """Whether every text goes to a simulator on this machine."""
    return all(_is_here(config, name) for name in accounts.names(config))


def _is_here(config: Config, name: str) -> bool:
    account: Any = accounts.section(config, name)
    address = getattr(account, "base_url", None) or getattr(account, "url", None) or ""
    try:
        return is_loopback(urlsplit(address).hostname or "")
    except ValueError:
        return False


def shops(config: Config) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What is said of each shop, by the section that says it; what a source leaves out is said once, in [shop]."""
    yield "shop", asdict(config.shop)
    for name, source in config.sources.items():
        yield f"sources.{name}.shop", source.shop.model_dump(exclude_none=True)


def is_sample(value: str, key: str) -> bool:
    """Whether a value of a shop is still the sample's, which is nobody's."""
    alike = _rings_the_same if key == "support_phone" else _same
    return any(alike(value, shop[key]) for shop in (_sample()["shop"], SECOND) if key in shop)


def _sample() -> dict[str, Any]:
    return tomllib.loads(shipped.CONFIG.read_text(encoding="utf-8"))


def _same(ours: str, sample: str) -> bool:
    return bool(ours.strip()) and _bare(ours) == _bare(sample)


def _rings_the_same(ours: str, sample: str) -> bool:
    try:
        return phones.normalize(ours) == phones.normalize(sample)
    except phones.PhoneError:
        return _same(ours, sample)


def _bare(text: str) -> str:
    """Without what makes no difference: kinds of digits and letters, spaces, hyphens, the scheme of an address."""
    plain = persian.fold(persian.ascii_digits(text)).removeprefix("https://").removeprefix("http://")
    return plain.removeprefix("www.").rstrip("/").replace(" ", "").replace("-", "")
