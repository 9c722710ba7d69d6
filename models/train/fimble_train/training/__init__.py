"""Pretraining: the loop, its optimizer and its device."""
