"""``kind = "mapping"``: a shop whose webhooks are described in the configuration."""
