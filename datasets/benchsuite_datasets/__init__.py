"""Data sources: cards, readers, downloads with checksums, preparation with counts.

From a card to a data set::

    cards/NAME.toml   what the set is, its files, what their columns mean      card, upstream, card_loader
      -> files        in a named folder, the cache, or fetched and checked     file_lookup, fetch
      -> tables       read strictly: a bad cell is one line with its place     package benchsuite_tables
      -> frames       under our names: user, item, value, timestamp, texts     frames, features
      -> steps        declared, typed, counted                                 preparation_steps, outliers
      -> Dataset      ids to codes, columns to texts, frozen                   dataset_builder
      -> a copy       of a large set, under the key of its recipe              prepared_cache

``card_source`` does all this for every card; ``sources`` makes a class for each card; ``describe`` prints a card.
``ml_100k`` adds what a card cannot say; ``file_source`` reads a user's own file, described by settings and by
what ``benchsuite_tables`` finds out; ``title_controls`` replaces titles for control runs; ``demo`` simulates. A new set
in a known format is a card and one line among the entry points.
"""
