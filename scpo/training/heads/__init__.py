"""The first back end: reward heads on a frozen encoder, all trained together."""
