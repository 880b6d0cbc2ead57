"""One tree of exceptions: whoever catches its root catches everything that we raise on purpose."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest

import notifier
import scheduler
from notifier.errors import NotifierError


def exceptions() -> Iterator[type[BaseException]]:
    """Every exception class that a module of ours defines, inside its classes too."""
    for package in (notifier, scheduler):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith(".__main__"):
                yield from _of(importlib.import_module(found.name), found.name)


def _of(holder: object, module: str) -> Iterator[type[BaseException]]:
    for value in list(vars(holder).values()):
        if inspect.isclass(value) and value.__module__ == module:
            if issubclass(value, BaseException):
                yield value
            yield from _of(value, module)


OURS = sorted(exceptions(), key=lambda one: f"{one.__module__}.{one.__qualname__}")


def test_they_are_found() -> None:
    names = {one.__name__ for one in OURS}
    assert {
        "CallHeld",
        "CannotConnect",
        "KavenegarError",
        "PhoneError",
        "Problem",
        "TooFewReplicas",
        "_WrongCode",
    } <= names


@pytest.mark.parametrize("error", OURS, ids=lambda one: f"{one.__module__}.{one.__qualname__}")
def test_each_is_of_the_one_tree_or_private(error: type[BaseException]) -> None:
    assert issubclass(error, NotifierError) or error.__name__.startswith("_")
