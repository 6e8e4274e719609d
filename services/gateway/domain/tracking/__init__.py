"""The tracking API: what the SDKs of Segment's protocol send becomes our events."""
