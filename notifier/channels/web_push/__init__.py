"""Web Push: news of calls to a browser that is closed, over the push service of whoever made it (RFC 8030)."""
