"""``notifier trigger``: posts a signed practice event to a running service, as a shop would."""

import base64
import json
import ssl
from contextlib import closing
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection, InvalidURL
from typing import Annotated, Any
from urllib.parse import quote, unquote, urlsplit

import typer

from notifier.cli.options import ConfigOption, JsonObject, configured
from notifier.cli.output import printer, write_object
from notifier.clock import TEHRAN
from notifier.config import Config, Source
from notifier.config.sources import StandardSource
from notifier.domain.events import EventType
from notifier.errors import ConfigError
from notifier.practice import kinds
from notifier.practice.changes import MisplacedChange

_PATIENCE = 30.0  # seconds
_LONGEST_ANSWER = 1_048_576  # bytes


def trigger(
    event: Annotated[EventType, typer.Argument(help="What happened")],
    source: Annotated[str | None, typer.Option(help="The shop [the first of kind standard]")] = None,
    url: Annotated[str | None, typer.Option(help="Where the service runs")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="key=value in data, e.g. payment.method=cash")
    ] = None,
    as_json: JsonObject = False,
    config: ConfigOption = None,
) -> None:
    """Post a signed sample event, of a practice order no shop can have, to a running service; show the answer."""
    settings = configured(config)
    name, shop = _shop(settings, source)
    if not shop.secret.is_set:
        raise ConfigError(
            f"sources.{name}.secret: {shop.secret} is not set in the environment; the service needs it too"
        )
    try:
        post = kinds.post(
            settings, name, event, changes=[_change(one) for one in changes or []], now=datetime.now(TEHRAN)
        )
    except MisplacedChange as error:
        raise typer.BadParameter(f"--set {error}") from None
    base = (url or f"http://{_reachable(settings.server.host)}:{settings.server.port}").rstrip("/")
    status, answer = _send(f"{base}/webhooks/{name}", post)
    advice = _advice(status, answer, name, base)
    if as_json:
        write_object({"status": status, "answer": answer, "advice": advice or None})
        raise typer.Exit(0 if status < 300 else 1)
    console = printer()
    console.print(f"HTTP {status}")
    console.print(_pretty(answer), highlight=False, markup=False)
    if advice:
        console.print(advice, highlight=False, markup=False)
    raise typer.Exit(0 if status < 300 else 1)


def _shop(settings: Config, asked: str | None) -> tuple[str, Source]:
    shops = settings.sources
    first = next((name for name, shop in shops.items() if isinstance(shop, StandardSource)), next(iter(shops), None))
    name = asked or first
    if name is None or name not in shops:
        known = ", ".join(shops) or "there is none in the configuration"
        raise typer.BadParameter(f"--source: give one of these: {known}")
    return name, shops[name]


def _reachable(host: str) -> str:
    """Where a service that listens everywhere can be reached from here."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


def _change(change: str) -> tuple[str, str]:
    key, separator, value = change.partition("=")
    if not separator:
        raise typer.BadParameter(f"--set {change}: write key=value")
    return key, value


def _send(url: str, post: kinds.Post) -> tuple[int, Any]:
    """Post it once; the status and the answer. Redirects are shown and not followed, as shops do it."""
    body, given = post
    try:
        connection, target, login = _connection(url)
    except (ValueError, InvalidURL):
        raise ConfigError(f"--url: {url} is no address; write for example http://127.0.0.1:8080") from None
    with closing(connection):
        try:
            connection.connect()
        except ssl.SSLError as error:
            raise _strange(url, error) from None
        except OSError:
            raise ConfigError(
                f"nothing listens at {url}; start `notifier serve` there, or say with --url where it runs"
            ) from None
        try:
            headers = {name: value.encode() for name, value in (login | given).items()}
            connection.request("POST", target, body, headers)
            response = connection.getresponse()
            text = response.read(_LONGEST_ANSWER).decode(errors="replace")
        except TimeoutError:
            raise ConfigError(f"{url} took the event and has not answered in 30 seconds; look into its log") from None
        except (HTTPException, OSError) as error:
            raise _strange(url, error) from None
    try:
        return response.status, json.loads(text)
    except ValueError:
        return response.status, text


def _connection(url: str) -> tuple[HTTPConnection, str, dict[str, str]]:
    """A connection to where the address points, what to ask for there, and the header of a password in the address.

    Raises ValueError where it is no address.
    """
    parts = urlsplit(url)
    kind = {"http": HTTPConnection, "https": HTTPSConnection}.get(parts.scheme)
    if kind is None or not parts.hostname:
        raise ValueError(url)
    host = parts.hostname if ":" in parts.hostname else parts.hostname.encode("idna").decode()
    target = quote(parts.path, safe="/%:@") + (f"?{quote(parts.query, safe='/%:@&=+?')}" if parts.query else "")
    login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode()
    headers = {"Authorization": f"Basic {base64.b64encode(login).decode()}"} if parts.username else {}
    return kind(host, parts.port, timeout=_PATIENCE), target, headers


def _strange(url: str, error: Exception) -> ConfigError:
    return ConfigError(f"{url} does not talk like our service ({type(error).__name__}); see --url")


def _pretty(answer: Any) -> str:
    return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False, indent=2)


def _advice(status: int, answer: Any, name: str, base: str) -> str:
    """What to do about an answer that is not the usual one."""
    if not isinstance(answer, dict):
        return f"This is no answer of our service: is something else running at {base}? See --url." * (status != 202)
    match status:
        case 200 if answer.get("duplicate"):
            return "The service has had this very delivery before and sends nothing again; change it with --set."
        case 401:
            return (
                f"The service at {base} has another secret for [sources.{name}] than this shell, or another clock."
                " Both must see the same environment."
            )
        case 404:
            return f"The service at {base} runs with a configuration that has no [sources.{name}]; see --config."
        case 409:
            return "Another event came under this id before; give this one an id of its own with --set."
        case 422:
            return "The event is not one the service takes; errors names each field. Look at what --set changed."
        case 503:
            return (
                "The event was not stored; nothing is lost if it is sent again. `notifier doctor` looks at the store."
            )
    return ""
