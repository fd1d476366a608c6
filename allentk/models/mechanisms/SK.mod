TITLE Calcium-activated potassium current SK

COMMENT
A potassium current that calcium opens, whatever the voltage and the temperature.

Kinetics: Kohler et al. 1996. Written for allentk from the equations; the same equations in
Python are in allentk/models/channels.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX atk_SK
    USEION k READ ek WRITE ik
    USEION ca READ cai
    RANGE gbar, g, ik
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
    (mM) = (milli/liter)
}

PARAMETER {
    gbar = 1e-6 (S/cm2)
    tau = 1 (ms)
}

ASSIGNED {
    v (mV)
    ek (mV)
    cai (mM)
    ik (mA/cm2)
    g (S/cm2)
    zinf
}

STATE {
    z
}

INITIAL {
    rates(cai)
    z = zinf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    g = gbar*z
    ik = g*(v - ek)
}

DERIVATIVE states {
    rates(cai)
    z' = (zinf - z)/tau
}

UNITSOFF

PROCEDURE rates(c (mM)) {
    if (c < 1e-7) {
        c = c + 1e-7
    }
    zinf = 1/(1 + (4.3e-4/c)^4.8)
}

UNITSON
