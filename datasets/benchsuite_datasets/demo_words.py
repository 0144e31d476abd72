"""The words of the simulated shop: what each hobby is called, sold as, used for and wished for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """One hobby.

    Attributes:
        name: what it is called.
        things: what is sold for it.
        traits: what makes a thing good.
        uses: what a thing is for, after "for".
        joys: what somebody with this hobby likes, after "Likes".
    """

    name: str
    things: tuple[str, ...]
    traits: tuple[str, ...]
    uses: tuple[str, ...]
    joys: tuple[str, ...]


TOPICS = (
    Topic(
        "running",
        ("trail shoes", "racing vest", "hydration belt", "compression socks", "pace watch", "reflective jacket"),
        ("feather-light", "cushioned", "breathable", "chafe-free"),
        ("long runs on wet trails", "a first marathon", "interval training on the track", "jogging before sunrise"),
        ("marathons", "jogging along the river", "beating a personal best over ten kilometres"),
    ),
    Topic(
        "baking",
        ("bread tin", "dough scraper", "proofing basket", "cake stand", "piping set", "rolling pin"),
        ("non-stick", "flour-proof", "oven-safe", "hand-turned"),
        ("crusty sourdough loaves", "layered birthday cakes", "flaky croissants", "cookies with the children"),
        ("sourdough", "baking cakes for friends", "the smell of fresh bread"),
    ),
    Topic(
        "gardening",
        ("pruning shears", "seed tray", "watering can", "raised bed", "potting bench", "compost bin"),
        ("rust-free", "frost-hardy", "rain-fed", "sharp"),
        ("growing tomatoes on a balcony", "trimming roses and hedges", "sowing herbs in spring", "feeding tired soil"),
        ("growing vegetables", "roses", "an allotment with a small greenhouse"),
    ),
    Topic(
        "photography",
        ("camera bag", "carbon tripod", "portrait lens", "lens cloth", "light meter", "photo album"),
        ("shock-proof", "fast-focusing", "scratch-resistant", "steady"),
        ("portraits in soft light", "landscapes at dusk", "street pictures on the move", "keeping old prints safe"),
        ("taking portraits", "landscape pictures", "developing black and white film"),
    ),
    Topic(
        "camping",
        ("two-person tent", "sleeping bag", "gas stove", "head torch", "folding chair", "water filter"),
        ("storm-proof", "packable", "warm", "quick to pitch"),
        ("nights in the mountains", "a weekend by the lake", "trekking with a heavy rucksack", "cooking outdoors"),
        ("sleeping under canvas", "hiking from hut to hut", "campfires"),
    ),
    Topic(
        "coffee",
        ("hand grinder", "pour-over kettle", "espresso tamper", "moka pot", "paper filters", "tasting cups"),
        ("precise", "slow-pouring", "burr-driven", "double-walled"),
        ("a clean morning brew", "thick espresso at home", "tasting single-origin beans", "steaming silky milk"),
        ("freshly roasted beans", "latte art", "a perfect espresso"),
    ),
    Topic(
        "painting",
        ("watercolour set", "sable brush", "table easel", "sketchbook", "oil palette", "canvas roll"),
        ("lightfast", "richly pigmented", "acid-free", "fine-tipped"),
        ("loose landscapes in watercolour", "life drawing classes", "glazing in oil", "colour studies outdoors"),
        ("watercolours", "sketching in museums", "mixing colours"),
    ),
    Topic(
        "cycling",
        ("road helmet", "puncture-proof tyre", "pannier", "chain lube", "saddle", "bike light"),
        ("aerodynamic", "hard-wearing", "padded", "weatherproof"),
        ("climbing mountain passes", "commuting by bike in the rain", "gravel rides", "touring with luggage"),
        ("riding to work", "climbs in the Alps", "fixing old bicycles"),
    ),
    Topic(
        "astronomy",
        ("beginner telescope", "star atlas", "eyepiece", "red torch", "moon filter", "mount"),
        ("wide-field", "sharp", "vibration-free", "multi-coated"),
        ("seeing the rings of Saturn", "finding faint galaxies", "learning the constellations", "watching eclipses"),
        ("dark skies", "watching planets", "the Perseids in August"),
    ),
    Topic(
        "board games",
        ("strategy game", "card sleeves", "dice tower", "cooperative adventure", "wooden puzzle", "game mat"),
        ("quick to learn", "replayable", "beautifully illustrated", "brain-burning"),
        (
            "four players on a rainy evening",
            "trading and building empires",
            "solving a mystery together",
            "duels for two",
        ),
        ("long evenings with strategy games", "puzzles", "playing cards with the family"),
    ),
    Topic(
        "knitting",
        ("merino yarn", "bamboo needles", "stitch markers", "sock pattern", "crochet hook", "wool winder"),
        ("hand-dyed", "itch-free", "smooth", "colourful"),
        ("a warm winter jumper", "baby blankets", "cabled socks", "lace shawls"),
        ("wool shops", "knitting jumpers", "crocheting in front of the television"),
    ),
    Topic(
        "music",
        ("studio microphone", "guitar strings", "drum pad", "audio interface", "ukulele", "metronome"),
        ("low-noise", "warm-sounding", "road-worthy", "in tune"),
        ("recording songs in a bedroom", "band practice", "learning first chords", "mixing tracks with headphones"),
        ("playing the guitar", "writing songs", "recording a small band"),
    ),
)

BRANDS = (
    "Alder", "Brook", "Cinder", "Dune", "Ember", "Fern", "Gale", "Harbour", "Iris", "Juniper", "Kestrel", "Linden",
    "Marlow", "Nettle", "Orchard", "Pebble", "Quill", "Rowan", "Sable", "Thistle", "Umber", "Vale", "Willow", "Yarrow",
)  # fmt: skip

OCCUPATIONS = (
    "teacher", "nurse", "engineer", "student", "carpenter", "librarian", "chef", "accountant", "retired", "designer",
)  # fmt: skip

AGES = ("18 to 24", "25 to 34", "35 to 44", "45 to 54", "55 or more")
