"""What everything stands on, pure: errors, events, instants, the clock, JSON, deadlines."""
