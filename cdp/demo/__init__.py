"""The demo: real purchases and five shoppers."""
