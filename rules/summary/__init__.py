"""The summary of a stream: what rules read, folded from its events."""
