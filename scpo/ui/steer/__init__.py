"""The page Steer: what it asks, and its four views."""
