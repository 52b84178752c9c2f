"""Runs a network: backends, and the exchange of tensors between GL and a backend."""
