"""What built-in kinds do beyond their schema: one file for each API group, joined in table.py."""
