"""Fine-Tuning-FLM: a pretrained language model fine-tuned to recommend.

Rows: ``models``, ``hybrid``, ``rerank.cross`` and ``rerank.decoder``; their bases, which fit, score and save: ``base``
and ``rerank.reranker``; settings: ``settings``. Formula: ``formula``, with the encodings u and i in ``head``. Losses:
``losses``. Training loops: ``trainer`` and ``rerank.training``. Language model: ``encoder``, ``trainable_layers``.
"""
