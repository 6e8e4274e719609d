"""The demo shop: a small shop on this machine, and beside it what the platform makes of it."""
