"""What the gateway makes of a request, without any I/O."""
