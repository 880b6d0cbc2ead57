"""Secrets that are too short to keep anybody out."""

from collections.abc import Iterator

from notifier.config import Config, Source
from notifier.diagnostics import findings
from notifier.diagnostics.findings import Finding
from notifier.domain.counted import counted
from notifier.intake.standard import signature
from notifier.secret import Secret

LEAST = 24
"""Bytes of what a shop signs with: what Standard Webhooks asks for at least."""

SHORTEST = 16
"""Characters of our other secrets, and of those of a shop that can have no longer one."""

_BETTER = "and could be found by trying; `openssl rand -base64 32` makes a good one"


def weak_secrets(config: Config, *, in_use: bool = False) -> Iterator[Finding]:
    """A finding for each of our secrets that could be found by trying. A provider's key is as long as it is.

    A shop's is an error, unless it posts with it already or ``short_secret`` says that it cannot have a longer one.
    """
    for name, source in config.sources.items():
        where = f"{config.file}: sources.{name}.secret"
        if not source.secret.is_set:
            continue
        if not in_use and (other := _first_with(config, source.secret, before=name)):
            text = f"is that of {other} too: who has one could post as the other; give each its own"
            yield findings.error(where, text)
        if source.short_secret:
            yield from _short(where, source.secret)
        elif (length := _bytes(source)) < LEAST:
            text = f"has {counted(length, 'byte')} of at least {LEAST} {_BETTER}"
            found = findings.warning if in_use else findings.error
            yield found(where, f"{text}; where the shop can have no longer one, short_secret = true")
    for key, secret in _others(config):
        if secret.is_set:
            yield from _short(f"{config.file}: {key}", secret)


def _short(where: str, secret: Secret) -> Iterator[Finding]:
    if (length := len(secret.value().removeprefix("whsec_"))) < SHORTEST:
        yield findings.warning(where, f"has {counted(length, 'character')} {_BETTER}")


def _first_with(config: Config, secret: Secret, *, before: str) -> str | None:
    """The first of the sources above this one that has the same secret."""
    for name, source in config.sources.items():
        if name == before:
            return None
        if source.secret.is_set and source.secret.value() == secret.value():
            return name
    return None


def _bytes(source: Source) -> int:
    """Of the key that signs."""
    secret = source.secret.value()
    try:
        return len(signature.key(secret) if source.signs_standard else secret.encode())
    except ValueError:  # no key at all, which is told elsewhere
        return LEAST


def _others(config: Config) -> Iterator[tuple[str, Secret]]:
    for name, webhook in config.webhooks.items():
        yield f"webhooks.{name}.secret", webhook.secret
    if config.callbacks.token:
        yield "callbacks.token", config.callbacks.token
    if config.dialer.is_on and config.dialer.callback_token:
        yield "dialer.callback_token", config.dialer.callback_token
    if config.metrics.token:
        yield "metrics.token", config.metrics.token
    for place, token in enumerate(config.api.tokens):
        yield f"api.tokens[{place}]", token
