"""What happened, told synchronously inside the transaction."""
