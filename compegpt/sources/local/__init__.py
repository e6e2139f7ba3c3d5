"""Models run on this machine with transformers and diffusers."""
