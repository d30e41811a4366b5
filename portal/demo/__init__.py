"""The demonstration: its servers, seed and script. Nothing imports it but the tests and its own commands."""
