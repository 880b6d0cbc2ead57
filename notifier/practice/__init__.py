"""Sample events of each kind of shop, as its backend posts them: for trials, checks and the demo."""
