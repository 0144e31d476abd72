"""From a comparison to abstract tables and sentences: what every report shows, and no word of how it is drawn."""
