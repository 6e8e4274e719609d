"""Imported first, this makes sockets, sleeps, locks and psycopg2 yield to other greenlets."""

import eventlet

eventlet.monkey_patch()
