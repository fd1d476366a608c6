TITLE Muscarinic potassium current Im

COMMENT
A slow potassium current without inactivation, measured at 21 degrees. Opening and closing are
each other's inverse but for a constant, so that one exponential does for both.

Kinetics: Adams et al. 1982. Written for allentk from the equations; the same equations in
Python are in allentk/models/channels.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX atk_Im
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
    q = 2.3^((celsius - 21)/10)
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
    LOCAL e
    e = exp(0.1*(v + 35))
    minf = e/(e + 1/e)
    mtau = 1/(0.0033*(e + 1/e)*q)
}

UNITSON
