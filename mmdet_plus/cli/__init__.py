"""What only the command line tools use: arguments, flags, checks, launching."""
