"""Loading a shop's history from a file: paced, resumable, and each event once."""
