"""Fine-Tuning-FLM: a pretrained language model fine-tuned to recommend.

One file for each question, in reading order:

- ``models``, ``hybrid``: the rows; ``base``: how they fit, score and save; ``settings``: what a user can set
- ``formula``: r = sigmoid(W1·x + W2·u + b); ``head``: the encodings u and i that go into it; ``losses``: all losses
- ``trainer``: the training loop; ``optim``: optimizers and learning rates; ``data_parallel``: several processes
- ``encoder``: the language model over the item texts; ``trainable_layers``: which of its weights are trained
- ``history``: what is read of a user's history
- ``hybrid_terms``: what ``flm-hybrid`` adds, and how much; ``pointwise``: likes and dislikes
- ``saving``: checkpoints and saved folders
- ``rerank``: re-rankers. Rows: ``cross``, ``decoder``; their base: ``reranker``; their one training loop: ``training``;
  what selects the candidates: ``first_stage``
"""
