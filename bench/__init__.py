"""How fast it is: figures against a reference in the same run, as machines are noisy."""
