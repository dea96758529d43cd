"""The interactives of the lessons, one module a lesson; `base` holds the pattern."""
