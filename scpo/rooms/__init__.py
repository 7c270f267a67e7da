"""Rooms in which a class chooses between answers, and the class as one more population beside the countries."""
