"""What is fast, against what."""
