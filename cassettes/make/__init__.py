"""Makes the demo cassette: synthetic recordings from stated ground truth, seeded.

Run ``python -m cassettes.make`` in a checkout. Nothing here is installed with the package.
"""
