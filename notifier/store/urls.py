"""The forms of ``[redis] url``, read with care: what redis-py would misread in silence is refused with a sentence."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from notifier.errors import NotifierError

FORMS = (
    "redis://[user:password@]host[:port][/db], rediss://… (the same over TLS), unix:///path/to/redis.sock, "
    "redis+sentinel://[user:password@]host[:port][,host[:port]…]/service[/db], "
    "redis+cluster://[user:password@]host[:port][,host[:port]…], or these two over TLS: rediss+sentinel://…, "
    "rediss+cluster://…"
)
# All else, from decode_responses to timeouts, is the service's own choice.
TLS_OPTIONS = {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"}
TLS_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
SENTINEL_OPTIONS = {"sentinel_username", "sentinel_password"}
OPTIONS = {
    "redis": {"db"},
    "unix": {"db"},
    "rediss": {"db"} | TLS_OPTIONS,
    "redis+sentinel": SENTINEL_OPTIONS,
    "rediss+sentinel": SENTINEL_OPTIONS | TLS_OPTIONS,
    "redis+cluster": set[str](),
    "rediss+cluster": TLS_OPTIONS,
}
DEFAULT_PORTS = {"sentinel": 26379, "cluster": 6379}
_NODE = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]/]+)(?::(\d{1,5}))?")

Node = tuple[str, int]
"""Host and port."""


class UnsupportedUrl(NotifierError, ValueError):
    """The Redis URL is not understood; the message names the forms that are, never the password."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """What a URL of several hosts names. ``login``, ``sentinel_login`` and ``tls`` are arguments of a connection."""

    nodes: tuple[Node, ...]
    login: dict[str, str]
    service: str = ""
    db: int = 0
    sentinel_login: dict[str, str] | None = None
    tls: dict[str, str | bool] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Nodes {', '.join(f'{host}:{port}' for host, port in self.nodes)}>"


def without_password(url: str) -> str:
    """The URL fit for a log: its options are left out too, for one of them may be a password."""
    scheme, separator, rest = url.partition("://")
    _, at, address = rest.rpartition("@")
    return f"{scheme}{separator}{'***@' if at else ''}{address.partition('?')[0]}"


def passwords_in(url: str) -> set[str]:
    """What of a URL must show nowhere, as it is written and as it is meant."""
    login, at, _ = url.partition("://")[2].rpartition("@")
    written = {login.partition(":")[2]} if at else set[str]()
    written |= {value for name, value in parse_qsl(url.partition("?")[2]) if "password" in name}
    return {form for password in written if password for form in (password, unquote(password))}


def scheme_of(url: str) -> str:
    return url.partition("://")[0]


def check(url: str) -> None:
    """Refuse a URL of one server that redis-py would misread, such as one whose database is not a number."""
    shown = without_password(url)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise UnsupportedUrl(f"[redis] url {shown} has no valid host and port. Write {FORMS}.") from None
    if parts.scheme not in OPTIONS:
        raise UnsupportedUrl(f"[redis] url {shown} is of a form that is not supported. Write {FORMS}.")
    if parts.scheme == "unix" and not parts.path:
        raise UnsupportedUrl(f"[redis] url {shown} names no socket. Write {FORMS}.")
    if parts.scheme != "unix" and not re.fullmatch(r"/?|/\d+", unquote(parts.path)):
        raise UnsupportedUrl(f"[redis] url {shown}: the part after the last / must be a number. Write {FORMS}.")
    if "db" in (options := _options(url)) and not options["db"].isdecimal():
        raise UnsupportedUrl(f"[redis] url {shown}: the option db must be a number, as in ?db=0.")


def several(url: str) -> Nodes:
    """A URL of Sentinel or of a cluster, which names several hosts. Raises UnsupportedUrl."""
    shown, scheme, options = without_password(url), scheme_of(url), _options(url)
    secured, _, kind = scheme.partition("+")
    tls: dict[str, str | bool] = {name: value for name, value in options.items() if name in TLS_OPTIONS}
    if "ssl_check_hostname" in tls:
        tls["ssl_check_hostname"] = _truth(shown, "ssl_check_hostname", options["ssl_check_hostname"])
    if secured == "rediss":
        tls["ssl"] = True
    login, _, address = url.partition("://")[2].partition("?")[0].rpartition("@")
    hosts, _, path = address.partition("/")
    nodes = []
    for one in hosts.split(","):
        found = _NODE.fullmatch(one)
        if found is None or int(found[2] or 0) > 65535:
            raise UnsupportedUrl(f"[redis] url {shown} has no valid host and port in {one!r}. Write {FORMS}.")
        nodes.append((unquote(found[1].strip("[]")), int(found[2] or DEFAULT_PORTS[kind])))
    if kind == "cluster":
        if path not in ("", "0"):
            raise UnsupportedUrl(f"[redis] url {shown}: a cluster has database 0 alone; leave /{path} out.")
        return Nodes(tuple(nodes), _login(login), tls=tls)
    service, _, db = path.partition("/")
    if not service:
        raise UnsupportedUrl(f"[redis] url {shown} names no service: the name that Sentinel monitors. Write {FORMS}.")
    if db and not db.isdecimal():
        raise UnsupportedUrl(f"[redis] url {shown}: the part after the service must be a number. Write {FORMS}.")
    theirs = {name.removeprefix("sentinel_"): value for name, value in options.items() if name in SENTINEL_OPTIONS}
    return Nodes(tuple(nodes), _login(login), unquote(service), int(db or 0), theirs, tls)


def _truth(shown: str, name: str, value: str) -> bool:
    if value.lower() not in ("true", "false", "yes", "no", "1", "0"):
        raise UnsupportedUrl(f"[redis] url {shown}: the option {name} must be true or false.")
    return value.lower() in ("true", "yes", "1")


def _options(url: str) -> dict[str, str]:
    shown, scheme = without_password(url), scheme_of(url)
    options = dict(parse_qsl(url.partition("?")[2], keep_blank_values=True))
    known = OPTIONS[scheme]
    for option in options.keys() - known:
        hint = f" Over TLS it is written {scheme.replace('redis', 'rediss', 1)}://." if option in TLS_OPTIONS else ""
        raise UnsupportedUrl(
            f"[redis] url {shown}: the option {option} is unknown in a {scheme}:// URL. "
            f"Known are: {', '.join(sorted(known)) or 'none'}.{hint}"
        )
    for option in TLS_FILES:
        if option in options and not Path(options[option]).is_file():
            raise UnsupportedUrl(f"[redis] url {shown}: {option} names {options[option]}, and there is no such file.")
    if options.get("ssl_cert_reqs", "required") not in ("required", "optional", "none"):
        raise UnsupportedUrl(f"[redis] url {shown}: the option ssl_cert_reqs must be required, optional or none.")
    return options


def _login(text: str) -> dict[str, str]:
    username, _, password = text.partition(":")
    found = {"username": unquote(username), "password": unquote(password)}
    return {name: value for name, value in found.items() if value}
