"""Neural networks: tensors in, tensors out."""
