"""The composition root: every part built from the configuration, started in order and stopped in reverse."""
