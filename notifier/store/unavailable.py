"""Why the store is not to be had: what passes by itself is waited for, what only a person can mend is told."""

import re
import ssl
from collections.abc import Iterator
from socket import gaierror

from redis.exceptions import (
    AuthenticationError,
    AuthenticationWrongNumberOfArgsError,
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    NoPermissionError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError

from notifier.errors import NotifierError
from notifier.store.errors import EmbeddedAway
from notifier.store.replicas import TooFewReplicas


class CannotConnect(NotifierError, RedisConnectionError):
    """Redis does not answer, or not yet: what is asked again later may succeed."""


class StoreRefuses(CannotConnect):
    """Redis refuses us, and will until a person mends something."""


NEEDED = "~n:* +@all -@dangerous +info +config|get"
"""What an ACL user of the service needs, as `ACL SETUSER` takes it."""

_FOR_A_PERSON = re.compile(
    r"WRONGPASS|NOAUTH|NOPERM|DENIED|invalid (username-password|password)|DB index is out of range"
    r"|cluster support disabled|unknown command|has no permissions|No permissions|can't run this command"
    r"|without any password configured|SELECT is not allowed"
)
_NO_RIGHT = re.compile(r"NOPERM|no permissions to|can't run this command")
_MAY_NOT_RUN = re.compile(r"run the '([\w|-]+)' command")
_USER = re.compile(r"\bUser (\S+) has no permissions")
_TLS_MISTAKES = ("WRONG_VERSION_NUMBER", "CERTIFICATE_REQUIRED", "UNKNOWN_CA", "HANDSHAKE_FAILURE")


def of(error: BaseException, *, where: str = "") -> CannotConnect | None:
    """What an error of the store comes to: it refuses us, or it is away. None for an error of another kind."""
    if isinstance(error, CannotConnect):
        return error
    at = f"Redis at {where}" if where else "Redis"
    if (grant := missing_grant(error)) is not None:
        return StoreRefuses(f"{at} refuses us: {grant}")
    if is_for_a_person(error):
        return StoreRefuses(
            f"{at} does not take our connection: {_said(error)}. Check that the address, the password and the TLS "
            "setting in [redis] url are its own."
        )
    if isinstance(error, EmbeddedAway | TooFewReplicas):
        return CannotConnect(str(error))
    passing = RedisError | ConnectionError | TimeoutError | gaierror
    if isinstance(error, passing) or (where and isinstance(error, OSError)):
        return CannotConnect(
            f"{at} does not take our connection: {_said(error)}. Check that it runs and that the address, the password "
            "and the TLS setting in [redis] url are its own."
        )
    return None


def is_for_a_person(error: BaseException) -> bool:
    """Whether waiting is no use: a wrong password, a missing right, a certificate nobody vouches for."""
    return any(_is_mistake(one) for one in _chain(error))


def missing_grant(error: BaseException) -> str | None:
    """The sentence about the right that a Redis user lacks; None for any other error."""
    for one in _chain(error):
        text = str(one)
        if not isinstance(one, RedisError) or not (isinstance(one, NoPermissionError) or _NO_RIGHT.search(text)):
            continue
        user = found[1] if (found := _USER.search(text)) else "NAME"
        if found := _MAY_NOT_RUN.search(text):
            lacking, grant = f"may not run {found[1].upper().replace('|', ' ')}", f"+{found[1].lower()}"
        elif re.search(r"\bkeys?\b", text):
            lacking, grant = "may not use the keys of the service", "~n:*"
        elif "channel" in text:
            lacking, grant = "may not use the channels of the service", "&n:*"
        else:
            lacking, grant = "may not run a command that a script of the service runs", "+@all -@dangerous"
        return (
            f"its user {lacking}. Grant it: ACL SETUSER {user} {grant} (everything the service needs: "
            f"ACL SETUSER {user} {NEEDED})."
        )
    return None


def _is_mistake(error: BaseException) -> bool:
    if isinstance(error, AuthenticationError | AuthenticationWrongNumberOfArgsError | NoPermissionError):
        return True
    if isinstance(error, ssl.SSLCertVerificationError):
        return True
    if isinstance(error, ssl.SSLError):
        return any(mistake in str(error) for mistake in _TLS_MISTAKES)
    return isinstance(error, ResponseError | RedisConnectionError) and bool(_FOR_A_PERSON.search(str(error)))


def _said(error: BaseException) -> str:
    """What an error says, in a person's words where the server's are few."""
    match error:
        case BusyLoadingError():
            return "it is still loading its data"
        case MasterDownError():
            return "it is a replica and its primary is away"
        case ReadOnlyError():
            return "it is a replica and takes no writes; a failover may be under way"
        case ClusterDownError():
            return "the cluster is down: not every slot has a primary"
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
