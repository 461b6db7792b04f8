"""The commands of `firstframe`, one file each; `program` puts them together."""
