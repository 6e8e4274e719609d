"""What the REST entry points take and give."""
