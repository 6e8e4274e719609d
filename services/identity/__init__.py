"""Who is this? Identifiers become a stream and a profile."""
