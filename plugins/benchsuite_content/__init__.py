"""Content-based models, and the text encoders that language models share."""
