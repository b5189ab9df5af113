"""The shapes on the wire, field by field as OpenAI's clients know them, and the orders that workers get."""
