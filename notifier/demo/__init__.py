"""The demo: a sample day of a shop, played through real webhooks against the real service."""
