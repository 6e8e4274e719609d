"""The ASGI process: HTTP on one side, RPC and the gateway's own database on the other."""
