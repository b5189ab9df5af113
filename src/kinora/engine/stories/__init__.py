"""Several shots in one video: what is asked of each, from a file or a text, and how they become one film."""
