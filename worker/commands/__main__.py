"""`python -m worker.commands` is the `firstframe` program."""

from worker.commands.program import main

main()
