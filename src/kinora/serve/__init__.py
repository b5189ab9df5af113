"""The server: OpenAI's Videos API over durable jobs."""
