"""Rewards weakened, strengthened and mixed, and what moves them. Works on arrays, without a model."""
