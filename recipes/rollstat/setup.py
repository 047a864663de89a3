from setuptools import Extension, setup

setup(ext_modules=[Extension("rollstat._core", ["src/rollstat/_core.c"])])
