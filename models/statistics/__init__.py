"""The statistics of the house: one place for each number, used by validation and by real use alike.

Every number is an `Estimate`: its value, the 95 % interval around it, and how many cases stand behind it.
What is undefined (a recall without any ill case) is NaN, never 0; and no interval at the end of a range is
without width, as few cases without an error do not prove that there is none.
"""
