"""Wrong answers that readers give, one module a lesson, each with a piece of the diagnosis it must get."""
