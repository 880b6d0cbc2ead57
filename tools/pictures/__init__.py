"""The pictures in docs/pictures, taken anew in the system's Chromium: ``make pictures``."""
