"""CDS Hooks on floor 2: the protocol, one module per CDS service, cards."""
