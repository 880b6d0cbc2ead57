"""Secrets that are too short to keep anybody out."""

from collections.abc import Iterator

from notifier.config import Config
from notifier.secret import Secret

SHORTEST = 16  # characters of those that a person makes up or a program draws


def weak_secrets(config: Config) -> Iterator[str]:
    """A sentence for each of our secrets that could be found by trying. A provider's key is as long as it is."""
    for key, secret in _made_here(config):
        if secret.is_set and (length := len(secret.value().removeprefix("whsec_"))) < SHORTEST:
            text = f"has {length} characters and could be found by trying; `openssl rand -base64 32` makes a good one"
            yield f"{config.file}: {key}: {text}"


def _made_here(config: Config) -> Iterator[tuple[str, Secret]]:
    for name, source in config.sources.items():
        yield f"sources.{name}.secret", source.secret
    for name, webhook in config.webhooks.items():
        yield f"webhooks.{name}.secret", webhook.secret
    if config.callbacks.token:
        yield "callbacks.token", config.callbacks.token
    if config.metrics.token:
        yield "metrics.token", config.metrics.token
    for place, token in enumerate(config.api.tokens):
        yield f"api.tokens[{place}]", token
