"""Orders and tracking codes from files, line by line."""
