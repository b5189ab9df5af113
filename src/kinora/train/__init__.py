"""Recipes, the training loop and its optimizer."""
