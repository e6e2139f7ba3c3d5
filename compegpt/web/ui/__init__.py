"""The page: a Gradio application over the server's desk."""
