"""Pictures and video out of the program."""
