"""The command line: run, demo, inspect and repair Checkout CDP."""
