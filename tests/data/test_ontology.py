"""What codes of stimuli mean, checked against names that sweep tables publish."""

import re

import pytest

from allentk.data.ontology import PROTOCOLS, STIMULI, UNKNOWN, protocol, stimulus_of
from allentk.io.protocols import stimulus_name

#: A code of every family, its name, protocol, resolution and holding voltage.
MEANT = [
    ("C1LSCOARSE150216[3]", "Long Square", "long_square", "Coarse", None),
    ("C1LSFINEST141203", "Long Square", "long_square", "Fine", None),
    ("C1LSCOARSEMICRO", "Long Square", "long_square", "Coarse Micro", None),
    ("C1LSFINESTMICRO", "Long Square", "long_square", "Fine Micro", None),
    ("C1LSCRESEP170313", "Long Square", "long_square", "", None),
    ("X3LP_Rheo_DA_0", "Long Square", "long_square", "Rheobase", None),
    ("Y3LP_Rheo", "Long Square", "long_square", "Rheobase", None),
    ("LP_Rheo", "Long Square", "long_square", "Rheobase", None),
    ("X1PS_SubThresh", "Long Square", "long_square", "SubThreshold", None),
    ("X4PS_SupraThresh", "Long Square", "long_square", "SupraThreshold", None),
    ("Rheo_Supra_backu", "Long Square", "long_square", "SupraThreshold", None),
    ("longsquaretemp", "Long Square", "long_square", "", None),
    ("subthreshold_171", "Long Square", "long_square", "SubThreshold", None),
    ("C1SSFINEST150112", "Short Square", "short_square", "Fine", None),
    ("C1SSCOARSE150112", "Short Square", "short_square", "Coarse", None),
    ("X6SP_Rheo", "Short Square", "short_square", "Rheobase", None),
    ("shortsquaretemp", "Short Square", "short_square", "", None),
    ("C2SSHM60CS141203", "Short Square", "short_square", "Coarse", -60),
    ("C2SSHM70FN150126", "Short Square", "short_square", "Fine", -70),
    ("C2SSHM80FN141203", "Short Square", "short_square", "Fine", -80),
    ("C2SSHM50XX", "Short Square", "short_square", "", None),
    ("C2SSTRIPLE171103", "Short Square - Triple", "short_square_triple", "", None),
    ("C1RP25PR1S141203", "Ramp", "ramp", "", None),
    ("X7Ramp", "Ramp", "ramp", "", None),
    ("RAMP1", "Ramp", "ramp", "", None),
    ("C2NSRMPRH2150217", "Ramp to Rheobase", "ramp_to_rheobase", "", None),
    ("C1NSSEED_1150216", "Noise 1", "noise", "", None),
    ("C1NSSEED", "Noise 1", "noise", "", None),
    ("C2NSD1SHORT17110", "Noise 1", "noise", "", None),
    ("C1NSSEED_2141203", "Noise 2", "noise", "", None),
    ("C1NSD2SHORT17110", "Noise 2", "noise", "", None),
    ("C1NSSEED_3150216", "", "unknown", "", None),
    ("C1SQCAPCHK141203", "Square - 0.5ms Subthreshold", "square_subthreshold", "", None),
    ("C2SQRHELNG150112", "Square - 2s Suprathreshold", "square_suprathreshold", "", None),
    ("C2CHIRP180503", "Chirp", "chirp", "", None),
    ("C2CHIRPA180503", "Chirp A Threshold", "chirp", "", None),
    ("C2CHIRPC180503", "Chirp C", "chirp", "", -60),
    ("X5SP_Search", "Search", "search", "", None),
    ("Y2LP_Search", "Search", "search", "", None),
    ("EXTPCllATT180424", "Test", "test", "", None),
    ("EXTPWHATEVER", "Test", "test", "", None),
    ("Nuc_VC_Steps_250", "Test", "test", "", None),
    ("NucVCprepulse_", "Test", "test", "", None),
    ("RundownTestLong", "Test", "test", "", None),
    ("Nuc_IC_0", "", "unknown", "", None),
    ("S4_CellAttached", "", "unknown", "", None),
    ("", "", "unknown", "", None),
]


@pytest.mark.parametrize(("code", "name", "kind", "resolution", "hold_mv"), MEANT)
def test_what_a_code_means(code, name, kind, resolution, hold_mv):
    found = stimulus_of(f" {code.swapcase()} ")
    assert (found.name, found.protocol) == (name, kind)
    assert (found.resolution, found.hold_mv) == (resolution, hold_mv)
    assert protocol(code) == kind
    assert stimulus_name(code) == name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Long Square", "long_square"),
        ("long square", "long_square"),
        ("Long Square SupraThreshold", "long_square"),
        ("Short Square Threshold", "short_square"),
        ("Short Square - Hold -60mV", "short_square"),
        ("Short Square - Triple", "short_square_triple"),
        ("Square - 0.5ms Subthreshold", "square_subthreshold"),
        ("Square - 2s Suprathreshold", "square_suprathreshold"),
        ("Ramp", "ramp"),
        ("Ramp to Rheobase", "ramp_to_rheobase"),
        ("Noise", "noise"),
        ("Noise 2", "noise"),
        ("Chirp", "chirp"),
        ("Chirp B - Hold -65mV", "chirp"),
        ("Test", "test"),
        ("Search", "search"),
        ("Unknown", "unknown"),
        ("Square", "unknown"),
    ],
)
def test_what_a_published_name_means(name, kind):
    assert protocol(name) == kind


def test_published_names_say_the_holding_voltage():
    assert stimulus_of("C2SSHM80FN").published_name == "Short Square - Hold -80mV"
    assert stimulus_of("C2CHIRPD").published_name == "Chirp D - Hold -55mV"
    assert stimulus_of("C1SSFINEST").published_name == "Short Square"


def test_every_family_says_what_it_is_and_can_be_reached():
    assert stimulus_of("my steps") is UNKNOWN
    for kind in STIMULI:
        assert kind.protocol in PROTOCOLS
        assert kind.name
        assert kind.purpose
        assert protocol(kind.published_name) == kind.protocol
    patterns = [kind.pattern for kind in STIMULI]
    assert len(set(patterns)) == len(patterns)
    plain = [kind for kind in STIMULI if re.fullmatch(r"\w+", kind.pattern)]
    assert len(plain) > 30
    assert [kind.pattern for kind in plain if stimulus_of(kind.pattern) is not kind] == []
