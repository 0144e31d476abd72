"""Fine-Tuning-FLM: a pretrained language model fine-tuned to recommend."""
