"""What detecting objects costs: time, operations and memory."""
