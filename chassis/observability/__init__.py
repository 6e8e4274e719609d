"""Logs, metrics and the HTTP port for operators."""
