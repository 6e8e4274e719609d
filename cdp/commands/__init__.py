"""The commands of `cdp`."""
