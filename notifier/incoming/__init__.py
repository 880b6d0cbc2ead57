"""What a request may bring, looked at before anybody handles it."""
