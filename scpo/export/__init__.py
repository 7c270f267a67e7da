"""A run for people without the app: a report, an archive, a model folder with its card."""
