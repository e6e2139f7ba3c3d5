"""The routes that clients of OpenAI know."""
