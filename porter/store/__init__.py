"""A store that many share: what one machine built, no other builds again."""
