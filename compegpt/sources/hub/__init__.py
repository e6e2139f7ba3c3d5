"""Models of the Hugging Face Hub, called through Inference Providers."""
