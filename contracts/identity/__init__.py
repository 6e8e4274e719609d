"""What identity is asked and answers, and the events that it publishes."""
