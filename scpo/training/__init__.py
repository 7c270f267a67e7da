"""Settings and data to a run folder. torch lives here only: heads on a frozen encoder, or whole models."""
