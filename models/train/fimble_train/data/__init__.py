"""From packages on disk to training rows: packages, splits, tokenizer, tape, fill-in-the-middle rows."""
