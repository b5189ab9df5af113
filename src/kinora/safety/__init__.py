"""Policy, screening and review: nothing leaves the engine without it."""
