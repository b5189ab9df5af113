"""What scripts/fuzz_api.py is made of."""
