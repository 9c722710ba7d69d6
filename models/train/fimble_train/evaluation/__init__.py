"""Answers to held-out cases, by models and baselines, and their scores."""
