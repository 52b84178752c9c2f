"""What the command line can do, one module a command. Heavy imports happen inside `run`."""
