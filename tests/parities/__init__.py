"""What a cell does in a server's kernel and in a browser's: probes, and the page that they make."""
