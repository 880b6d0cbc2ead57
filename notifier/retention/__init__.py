"""What happens to data over the years: packed when an order is closed, archived when it is old, erased when asked."""
