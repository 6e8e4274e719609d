"""What services say to each other: the schemas of calls and events, and who follows whom."""
