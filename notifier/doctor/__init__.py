"""``notifier doctor``: what is wrong with the live parts, and what to do about it."""
