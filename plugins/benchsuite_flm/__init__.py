"""Fine-Tuning-FLM: a pretrained language model fine-tuned to recommend.

The rows are in ``models``, ``hybrid`` and ``rerank``; ``base`` fits, scores and saves. The formula is in ``formula``
and ``head``, the losses in ``losses``, the training loop in ``trainer`` (of re-rankers: ``rerank.loop``), the language
model in ``encoder`` and ``trainable_layers``.
"""
