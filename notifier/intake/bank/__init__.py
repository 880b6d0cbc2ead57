"""What banks tell of an account: their texts, forwarded from the shop's phone, and their statements."""
