"""How the bridge does: what pages tell is counted, kept in a log, and learnt from."""
