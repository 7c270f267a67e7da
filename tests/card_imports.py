"""What the pieces of Python in a model card import, loaded before a card runs in a process of its own."""

from sentence_transformers import CrossEncoder  # noqa: F401
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline  # noqa: F401
