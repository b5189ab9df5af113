"""One module for each part of the API: thin, from a request's fields to an answer's."""
