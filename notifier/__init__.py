"""Order notifications and follow-up calls for Iranian online shops."""
