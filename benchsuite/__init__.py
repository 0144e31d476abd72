"""An honest benchmark of fine-tuned language models against the classics of recommendation."""

__version__ = "0.1.0"
