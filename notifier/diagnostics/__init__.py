"""What is wrong, and what to do about it: with the files before anything starts, and with the live parts."""
