"""What identity decides, pure."""
