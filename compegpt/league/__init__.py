"""What competitions of the past say about the experts: the record (store), what it amounts to (form, strength), and what
follows from it for the next competition (policy)."""
