"""A service of another team on the chassis: how many orders each category has had."""
