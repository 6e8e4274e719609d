"""The command line: run, demonstrate, inspect, load into and repair Checkout CDP."""
