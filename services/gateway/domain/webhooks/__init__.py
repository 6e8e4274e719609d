"""What shops and payment providers send on their own, checked and turned into events, purely."""
