"""What segments decides, pure."""
