"""What past competitions say about the experts: the record (ledger, league), what it amounts to (form, strength), and
what follows from it for the next one (policy)."""
