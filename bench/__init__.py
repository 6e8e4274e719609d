"""How fast it is, against a reference in the same run, because machines are noisy."""
