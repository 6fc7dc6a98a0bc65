"""One file a vendor. Only `server.app` imports from here."""
