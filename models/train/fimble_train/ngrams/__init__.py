"""The n-gram table beside the weights: counting, its file, and the mixture of table, prompt and model."""
