"""Who may reach what, and the databases, users and virtual hosts that make it so."""
