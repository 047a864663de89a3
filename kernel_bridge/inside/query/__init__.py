"""What the magics `sql`, `googlesheet` and `graphql` are made of, in kernels of both kinds."""
