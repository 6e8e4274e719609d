"""The rule language: syntax, literals, the compiler, and the conditions that it makes."""
