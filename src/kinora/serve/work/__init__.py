"""Workers: they take jobs from the store, make files of them, and may be killed at any instant."""
