"""Reports as pages that need nothing but themselves: no server, no network, no JavaScript to be read."""
