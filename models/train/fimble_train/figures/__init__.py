"""The pictures and tables of the model card."""
