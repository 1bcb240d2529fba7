"""The commands: each module parses its options, calls robosim and prints. Nothing else imports from here."""
