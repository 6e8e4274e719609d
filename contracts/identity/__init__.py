"""Requests, responses and events of identity."""
