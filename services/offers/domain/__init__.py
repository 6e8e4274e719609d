"""What offers decides, pure."""
