"""The graphs, each as one expression."""
