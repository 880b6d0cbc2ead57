"""Ways to members of staff beside the SMS: a folder for each."""
