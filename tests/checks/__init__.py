"""What `make check` holds the tree to beside the linters: names, floor plan, imports by text."""
