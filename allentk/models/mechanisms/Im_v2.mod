TITLE Muscarinic potassium current Im_v2

COMMENT
A slow potassium current without inactivation, measured at 30 degrees.

Kinetics: Vervaeke et al. 2006. Written for allentk from the equations; the same equations in
Python are in allentk/models/channels.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX atk_Im_v2
    USEION k READ ek WRITE ik
    RANGE gbar, g, ik
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gbar = 1e-5 (S/cm2)
}

ASSIGNED {
    v (mV)
    celsius (degC)
    ek (mV)
    ik (mA/cm2)
    g (S/cm2)
    q
    minf
    mtau (ms)
}

STATE {
    m
}

INITIAL {
    q = 2.3^((celsius - 30)/10)
    rates(v)
    m = minf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    g = gbar*m
    ik = g*(v - ek)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
}

UNITSOFF

PROCEDURE rates(v (mV)) {
    LOCAL opening, closing
    opening = 0.007*exp(2.4*(v + 48)/26.12)
    closing = 0.007*exp(-3.6*(v + 48)/26.12)
    minf = opening/(opening + closing)
    mtau = (15 + 1/(opening + closing))/q
}

UNITSON
