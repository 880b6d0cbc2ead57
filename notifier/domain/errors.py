"""The root of our exceptions: here, since the domain imports nothing of ours. The tree is notifier/errors.py."""


class NotifierError(Exception):
    """The root of everything this project raises on purpose."""


class IllegalTransition(NotifierError, ValueError):
    """A message or a call was to go where its state does not lead."""
