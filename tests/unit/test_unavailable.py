"""What of the store's errors is waited for, and what ends a service with exit code 2."""

import errno
import ssl
from socket import EAI_NONAME, gaierror

import pytest
from redis import exceptions as redis_errors
from redis.asyncio.sentinel import MasterNotFoundError

from notifier.cli.starting import exit_code
from notifier.errors import ConfigError
from notifier.store import unavailable
from notifier.store.errors import EmbeddedAway
from notifier.store.unavailable import CannotConnect, StoreRefuses

WHERE = "10.0.0.7:6379"
PASSES = [
    (redis_errors.BusyLoadingError("Redis is loading the dataset in memory"), "still loading its data"),
    (redis_errors.ConnectionError("Error 111 connecting to 10.0.0.7:6379. Connection refused."), "refused"),
    (redis_errors.ConnectionError("Connection closed by server."), "closed by server"),
    (redis_errors.ConnectionError("max number of clients reached"), "max number of clients"),
    (redis_errors.TimeoutError("Timeout connecting to server"), "Timeout connecting"),
    (redis_errors.MasterDownError("Link with MASTER is down"), "its primary is away"),
    (redis_errors.ReadOnlyError("You can't write against a read only replica."), "takes no writes"),
    (redis_errors.ClusterDownError("The cluster is down"), "not every slot has a primary"),
    (redis_errors.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), "maxmemory"),
    (redis_errors.ResponseError("MISCONF Errors writing to the AOF file: No space left on device"), "No space left"),
    (redis_errors.ResponseError("NOREPLICAS Not enough good replicas to write."), "NOREPLICAS"),
    (redis_errors.TryAgainError("Multiple keys request during rehashing of slot"), "rehashing"),
    (MasterNotFoundError("No master found for 'shop'"), "No master found for 'shop'"),
    (gaierror(EAI_NONAME, "Name or service not known"), "Name or service not known"),
    (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "Connection refused"),
    (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "reset by peer"),
    (OSError(errno.EHOSTUNREACH, "No route to host"), "No route to host"),
    (TimeoutError(), "TimeoutError"),
    (EmbeddedAway("Its disk is full."), "Its disk is full."),
]
FOR_A_PERSON = [
    (redis_errors.AuthenticationError("WRONGPASS invalid username-password pair or user is disabled."), "WRONGPASS"),
    (redis_errors.AuthenticationError("Authentication required."), "Authentication required"),
    (redis_errors.ResponseError("NOAUTH Authentication required."), "NOAUTH"),
    (redis_errors.ResponseError("DENIED Redis is running in protected mode"), "protected mode"),
    (redis_errors.ResponseError("DB index is out of range"), "DB index"),
    (redis_errors.ResponseError("This instance has cluster support disabled"), "cluster support disabled"),
    (redis_errors.ResponseError("unknown command 'HELLO', with args beginning with:"), "unknown command"),
    (redis_errors.NoPermissionError("User shop has no permissions to run the 'hsetnx' command"), "+hsetnx"),
    (redis_errors.NoPermissionError("No permissions to access a key"), "~n:*"),
    (ssl.SSLCertVerificationError(1, "certificate verify failed: unable to get local issuer"), "certificate verify"),
    (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "WRONG_VERSION_NUMBER"),
]


def name(case: object) -> str:
    return "".join(filter(str.isalpha, f"{case}"))[:40] if not isinstance(case, str) else ""


@pytest.mark.parametrize(("error", "said"), PASSES, ids=name)
def test_what_passes_by_itself_is_waited_for(error: Exception, said: str) -> None:
    found = unavailable.of(error, where=WHERE)
    assert type(found) is CannotConnect
    assert said in str(found)
    assert exit_code(error if not isinstance(error, OSError) else found) == 75


@pytest.mark.parametrize(("error", "said"), FOR_A_PERSON, ids=name)
def test_what_only_a_person_can_mend_is_not(error: Exception, said: str) -> None:
    found = unavailable.of(error, where=WHERE)
    assert type(found) is StoreRefuses
    assert said in str(found)
    assert exit_code(error) == exit_code(found) == 2


@pytest.mark.parametrize("cause", [error for error, _ in FOR_A_PERSON], ids=name)
def test_a_mistake_behind_another_error_is_one_too(cause: Exception) -> None:
    """As redis-py wraps what a connection met."""
    error = redis_errors.ConnectionError("Error connecting to 10.0.0.7:6379.")
    error.__cause__ = cause
    assert type(unavailable.of(error, where=WHERE)) is StoreRefuses


def test_other_errors_are_no_absence() -> None:
    assert unavailable.of(ValueError("no"), where=WHERE) is None
    assert unavailable.of(OSError(errno.EACCES, "Permission denied")) is None
    assert (exit_code(ValueError("no")), exit_code(ConfigError("no"))) == (1, 2)
