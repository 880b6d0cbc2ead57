"""What a kind of exchange is to the rest. Adapters are pure: an order becomes data to be sent, an answer is data too.

``asking.py`` and ``manager.py`` carry it; what exchanges say of their own accord is read by ``reading.py``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from notifier.domain.dialing import DialOrder, DialWord, Placed
from notifier.errors import NotifierError


class DialerOdd(NotifierError):
    """What an exchange said and cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request to an exchange. Its address, head and body may hold secrets and numbers, and are not shown."""

    url: str = field(repr=False)
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpDialer(ABC):
    """An exchange that is asked over HTTP."""

    prefix: str = ""

    @abstractmethod
    def request(self, order: DialOrder) -> HttpRequest:
        """What has it ring the extension, then the customer."""

    @abstractmethod
    def placed(self, status: int, document: Any) -> Placed:
        """What its answer says; ``document`` is None where it is no JSON."""


@dataclass(frozen=True, slots=True)
class DialerDefaults:
    """How a kind of exchange speaks, unless the configuration says otherwise: where things stand, what words mean.

    ``prepare`` adds to a document, whose names are in small letters, what is not said in one place; a ``claim`` is
    shown of a fault in the place of the word.
    """

    fields: Mapping[str, str]
    words: Mapping[str, DialWord]
    prepare: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict


FORMS = ("number", "number_98", "number_e164")


def forms(number: str, prefix: str = "") -> Mapping[str, str]:
    """A number as exchanges want it: as it is dialled here, with 98 or another country's code, with + before it.

    ``prefix`` stands before what is dialled.
    """
    if number.startswith("+"):
        return {"number": f"{prefix}00{number[1:]}", "number_98": number[1:], "number_e164": number}
    return {"number": prefix + number, "number_98": "98" + number[1:], "number_e164": "+98" + number[1:]}
