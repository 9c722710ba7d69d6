"""The choice of the model's shape: candidates, measured speed, estimated accuracy."""
