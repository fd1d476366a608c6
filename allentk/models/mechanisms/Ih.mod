TITLE Hyperpolarisation-activated current Ih

COMMENT
A non-specific current that hyperpolarisation opens; it does not depend on temperature.

Kinetics: Kole, Hallermann and Stuart 2006. Written for allentk from the equations; the same equations in
Python are in allentk/models/channels.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX atk_Ih
    NONSPECIFIC_CURRENT i
    RANGE gbar, g, i
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gbar = 1e-5 (S/cm2)
    ehcn = -45 (mV)
}

ASSIGNED {
    v (mV)
    i (mA/cm2)
    g (S/cm2)
    minf
    mtau (ms)
}

STATE {
    m
}

INITIAL {
    rates(v)
    m = minf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    g = gbar*m
    i = g*(v - ehcn)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
}

UNITSOFF

PROCEDURE rates(v (mV)) {
    LOCAL opening, closing
    opening = 0.00643*linoid(v + 154.9, 11.9)
    closing = 0.193*exp(v/33.1)
    minf = opening/(opening + closing)
    mtau = 1/(opening + closing)
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
