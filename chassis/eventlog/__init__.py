"""The append-only event log, its outbox, and the units of work that write to it."""
