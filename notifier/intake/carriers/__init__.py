"""What carriers tell of parcels: an adapter of each kind, one scale, and the rounds of questions."""
