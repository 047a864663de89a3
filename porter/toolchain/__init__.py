"""Emscripten and the cross-build environment, from whichever provider can give them."""
