"""Data sources: cards, readers, downloads with checksums, preparation with counts.

From a card to a data set::

    cards/NAME.toml   what the set is, its files, what their columns mean      card, upstream, shelf
      -> files        in a named folder, the cache, or fetched and checked     files, fetch
      -> tables       read strictly: a bad cell is one line with its place     text, delimited, formats, reading
      -> frames       under our names: user, item, value, timestamp, texts     frames, features
      -> steps        declared, typed, counted                                 steps, outliers
      -> Dataset      ids to codes, columns to texts, frozen                   build
      -> a copy       of a large set, under the key of its recipe              prepared

``source`` walks this way for every card; ``sources`` makes a class for each; ``describe`` tells people what it says.
``ml_100k`` adds what a card cannot say, ``own`` describes anybody's own file by settings and guesses, ``demo``
simulates. A new set in a known format is a card and one line among the entry points.
"""
