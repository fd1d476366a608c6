"""Where several names differ from eFEL for one reason."""

__all__ = ["AHP", "END", "PAIRS"]

AHP = (
    "the minimum is 2 mV below the peak at least, and nothing lower follows within 0.03 ms: eFEL takes "
    "the peak itself where two samples of it are equal"
)
END = "the steepest fall is sought until the first minimum: eFEL also sees the end of the stimulus"
PAIRS = "begin, peak and end are of one spike: eFEL pairs them by number where a spike has no begin"
