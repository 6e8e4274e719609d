"""What has happened: the log of all events, and the profiles folded from it."""
