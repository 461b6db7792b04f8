"""Pictures and clips made at run time from a photo that ships with an installed package."""
