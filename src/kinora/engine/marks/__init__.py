"""The mark in the noise a clip is made from: written, and found again."""
