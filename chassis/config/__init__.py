"""What an operator writes: settings, URIs, keys, files, and the one reader of YAML."""
