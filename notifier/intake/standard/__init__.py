"""``kind = "standard"``: shops that post our own event format."""
