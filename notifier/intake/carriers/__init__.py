"""What carriers tell of parcels: an adapter of each kind, their words on one scale, and the rounds in which they are asked."""
