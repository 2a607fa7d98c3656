"""iSAID: tiles of large aerial images."""
