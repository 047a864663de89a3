"""One module an action of `porter index`; a module's top imports nothing slow."""
