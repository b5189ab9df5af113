"""Between latents and files: coding in pieces, projecting a film, keeping and recording its frames."""
