"""The asv suite: how fast tensorlib is, from one commit to the next."""
