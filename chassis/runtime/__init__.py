"""What runs a service on nameko: entry points, RPC, subscribers, clients, the runner."""
