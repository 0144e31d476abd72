"""Tiny encoders and decoders of random weights with a vocabulary of the test's own."""

from __future__ import annotations

from pathlib import Path


def save_reader(folder: Path, model: str, words: str) -> str:
    """Save a two-layer model of random weights with a tokenizer of these words; a causal one with its head."""
    import torch
    import transformers

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys(f"{words} yes no ; . , : ?".split())]
    shape = {
        "vocab_size": len(vocabulary),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 160,
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 3,
    }
    names = {"bert": "Bert", "gpt2": "GPT2", "llama": "Llama", "qwen2": "Qwen2"}
    if model in ("llama", "qwen2"):
        shape["num_key_value_heads"] = 1
    config = getattr(transformers, f"{names[model]}Config")(**shape)
    kind = {"bert": "BertModel", "gpt2": "GPT2LMHeadModel"}.get(model, f"{names[model]}ForCausalLM")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        getattr(transformers, kind)(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    more = {} if model == "bert" else {"model_input_names": ["input_ids", "attention_mask"], "sep_token": None}
    transformers.BertTokenizer(str(folder / "vocab.txt"), model_max_length=128, **more).save_pretrained(folder)
    return str(folder)
