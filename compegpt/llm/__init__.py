"""The language model: one boundary over every provider that LangChain reaches."""
