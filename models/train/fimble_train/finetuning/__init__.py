"""Fine-tuning of a model, or of an adapter, on the code of one repository."""
