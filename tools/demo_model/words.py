"""Word lists of the call-centre domain.

The lists are closed: the tokenizer, the lexicon and every checkpoint belong to exactly these words.
"""

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "oh"]
TEENS = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
    "thirtieth",
]
MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
FIRST_NAMES = [
    "anna",
    "maria",
    "david",
    "john",
    "sarah",
    "michael",
    "emma",
    "peter",
    "linda",
    "james",
    "susan",
    "robert",
    "laura",
    "kevin",
    "karen",
    "daniel",
    "helen",
    "thomas",
    "julia",
    "mark",
    "alice",
    "paul",
    "nancy",
    "george",
    "rachel",
]
LAST_NAMES = [
    "smith",
    "johnson",
    "brown",
    "miller",
    "davis",
    "wilson",
    "taylor",
    "walker",
    "clark",
    "harris",
    "young",
    "king",
    "wright",
    "baker",
    "green",
    "carter",
]
CITIES = [
    "london",
    "boston",
    "chicago",
    "dallas",
    "denver",
    "paris",
    "berlin",
    "dublin",
    "toronto",
    "madrid",
]
COLOURS = ["black", "white", "red", "blue", "green", "silver"]
PRODUCTS = [
    "router", "modem", "phone", "laptop", "tablet", "headset", "printer", "camera",
    "internet connection", "television box",
]  # fmt: skip
ACCOUNTS = [
    "account", "order", "invoice", "contract", "subscription", "booking", "claim", "policy",
    "ticket", "delivery",
]  # fmt: skip
PLANS = ["basic", "standard", "premium", "family", "business"]
TIMES = [
    "this morning", "yesterday", "last night", "last week", "last month", "two days ago", "today",
    "since monday", "three weeks ago", "this afternoon",
]  # fmt: skip
FILLERS = ["um", "uh", "well", "okay", "so", "yeah", "right", "alright", "actually"]
FAULTS = [
    "is not working", "keeps dropping", "is very slow", "does not turn on", "stopped working",
    "is broken", "shows an error message", "will not connect", "makes a strange noise",
    "needs to be replaced",
]  # fmt: skip
STREETS = ["main", "park", "high", "church", "station", "river", "garden", "hill", "lake", "mill"]
DEPARTMENTS = ["sales", "billing", "technical", "support", "returns"]
OPENINGS = [
    "okay", "yes", "no", "hello", "sure", "right", "alright", "well", "so", "um", "uh", "i see",
    "hi", "please", "sorry",
]  # fmt: skip
TAILS = [
    "please", "today", "now", "again", "okay", "right", "thank you", "{time}", "on {day}",
    "by {date}", "at {clock}", "in {city}", "from {city}", "for the {prod}", "with my {prod}",
    "about my {acc}", "for {amt}", "in {month}", "since {date}", "for {n} months", "with {name}",
    "to {city}",
]  # fmt: skip
