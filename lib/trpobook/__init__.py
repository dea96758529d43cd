"""The library of the book: trust-region policy optimisation, small and tested."""
