"""A competition as pictures: pure functions from plain data to HTML and SVG without scripts, all text escaped."""
