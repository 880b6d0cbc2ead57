"""The shop's telephone exchange: what it is asked for, and what it says."""
