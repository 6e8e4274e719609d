"""The base of everything: errors, events, instants, the clock, JSON, deadlines, retries."""
