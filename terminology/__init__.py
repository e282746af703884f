"""Floor 0: codes. Value sets, concept maps and units, all known before any patient is read."""
