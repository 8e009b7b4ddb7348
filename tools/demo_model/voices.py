"""The voices: which ones train, which ones never may."""

from random import Random

from tools.demo_model.speech import Manner

FIRST_VARIANTS = [
    "m1",
    "m2",
    "m3",
    "m4",
    "m5",
    "m6",
    "m7",
    "m8",
    "f1",
    "f2",
    "f3",
    "f5",
    "klatt2",
    "klatt4",
    "Andy",
    "Alicia",
    "Annie",
    "Michael",
    "linda",
    "steph",
    "zac",
    "travis",
    "belinda",
]
"""espeak variants of the test sets of seen voices; the draw is by position."""
MORE_VARIANTS = [
    "f4",
    "Alex",
    "Andrea",
    "Denis",
    "Diogo",
    "Gene",
    "Gene2",
    "Henrique",
    "Hugo",
    "Jacky",
    "Lee",
    "Marco",
    "Mario",
    "Mike",
    "Nguyen",
    "RicishayMax",
    "Storm",
    "adam",
    "announcer",
    "antonio",
    "aunty",
    "benjamin",
    "boris",
    "caleb",
    "david",
    "ed",
    "edward",
    "edward2",
    "grandma",
    "grandpa",
    "gustave",
    "iven",
    "iven2",
    "iven3",
    "iven4",
    "john",
    "kaukovalta",
    "klatt",
    "klatt3",
    "klatt5",
    "klatt6",
    "marcelo",
    "max",
    "michel",
    "miguel",
    "norbert",
    "pablo",
    "paul",
    "pedro",
    "quincy",
    "rob",
    "robert",
    "sandro",
    "shelby",
    "steph2",
    "steph3",
    "victor",
]
FIRST_ACCENTS = (
    "en-us", "en-us", "gmw/en", "en-gb-x-rp", "en-gb-scotland", "en-us-nyc", "en-029",
)  # fmt: skip
MORE_ACCENTS = (*FIRST_ACCENTS, "en-us", "gmw/en", "en-gb-x-gbcwmd")

ESPEAK_TEST = [f"{accent}+{variant}" for accent in FIRST_ACCENTS for variant in FIRST_VARIANTS]
ESPEAK_TRAINING = [
    f"{accent}+{variant}" for accent in MORE_ACCENTS for variant in FIRST_VARIANTS + MORE_VARIANTS
]
FLITE_TEST = ["awb", "slt", "slt", "awb", "kal16", "kal"]
FLITE_TRAINING = ["awb", "slt", "rms", "awb", "slt", "rms", "kal16", "kal"]
FESTIVAL = ["cmu_us_slt_arctic_hts", "ked_diphone", "ked_diphone"]
DIPHONE_FLITE = ("kal", "kal16")
"""flite voices whose pitch can be set."""

HELD_OUT = ("+anika", "+anikaRobot", "en-gb-x-gbclan", "kal_diphone")
"""Parts of voice names that no training shard may hold."""


def is_held_out(voice: str) -> bool:
    """Tell whether a voice is kept for measuring only."""
    return any(part in voice for part in HELD_OUT)


def draw_espeak(rng: Random, voice: str | None, *, voices: list[str], rate_sigma: float) -> Manner:
    """Draw a manner of espeak."""
    return Manner(
        voice or rng.choice(voices),
        words_per_minute=int(rng.gauss(165, rate_sigma)),
        pitch=int(min(90, max(10, rng.gauss(48, 16)))),
        pitch_range=rng.randint(20, 80),
    )


def draw_flite(rng: Random, voice: str | None, *, voices: list[str]) -> Manner:
    """Draw a manner of flite."""
    name = voice or rng.choice(voices)
    pitch_hz = rng.uniform(85, 170) if name in DIPHONE_FLITE else 0.0
    return Manner(name, pitch_hz=pitch_hz, stretch=rng.uniform(0.82, 1.15))


def draw_festival(rng: Random, voice: str | None) -> Manner:
    """Draw a manner of festival."""
    return Manner(voice or rng.choice(FESTIVAL), stretch=rng.uniform(0.85, 1.15))
