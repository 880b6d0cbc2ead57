"""The root of our exceptions: here, since the domain imports nothing of ours. The tree is notifier/errors.py."""


class NotifierError(Exception):
    """The root of everything this project raises on purpose."""
