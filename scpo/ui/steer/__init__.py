"""The page Steer: what it asks, and its five views."""
