TITLE High-voltage-activated calcium current

COMMENT
A calcium current that opens at high voltages; it does not depend on temperature.

Kinetics: Reuveni et al. 1993. Written for allentk from the equations; the same equations in
Python are in allentk/models/channels.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX atk_Ca_HVA
    USEION ca READ eca WRITE ica
    RANGE gbar, g, ica
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
    eca (mV)
    ica (mA/cm2)
    g (S/cm2)
    minf
    mtau (ms)
    hinf
    htau (ms)
}

STATE {
    m
    h
}

INITIAL {
    rates(v)
    m = minf
    h = hinf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    g = gbar*m*m*h
    ica = g*(v - eca)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
}

UNITSOFF

PROCEDURE rates(v (mV)) {
    LOCAL opening, closing
    opening = 0.055*linoid(-27 - v, 3.8)
    closing = 0.94*exp((-75 - v)/17)
    minf = opening/(opening + closing)
    mtau = 1/(opening + closing)
    opening = 0.000457*exp((-13 - v)/50)
    closing = 0.0065/(exp((-v - 15)/28) + 1)
    hinf = opening/(opening + closing)
    htau = 1/(opening + closing)
}

FUNCTION linoid(x (mV), k (mV)) (mV) {
    : x / (exp(x/k) - 1), by its series about the singularity
    LOCAL z
    z = x/k
    if (fabs(z) < 1e-3) {
        linoid = k*(1 - z/2 + z*z/12)
    } else {
        linoid = x/(exp(z) - 1)
    }
}

UNITSON
