"""`python -m worker.commands` is the `firstframe` program."""

from worker.commands import main

main()
