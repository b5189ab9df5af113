"""From what is asked to a job in the queue: which model, which size, whose files, which words, and whether it may be.

Everything that can be refused is refused here, before a job is accepted and before a byte of an upload is kept.
"""
