"""Projections of other services' events: inbox, dead letters, rebuilds."""
