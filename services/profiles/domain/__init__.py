"""What profiles decides, pure."""
