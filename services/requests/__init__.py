"""Requests for information: one authority asks pre-translated questions, another answers them."""
