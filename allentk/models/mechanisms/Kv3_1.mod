TITLE Shaw-type potassium current Kv3_1

COMMENT
A potassium current that opens fast at high voltages and does not inactivate; it does not depend on
temperature. vshift moves all its voltages.

Kinetics: Shaw family, EMBO Journal 11:2473 (1992). Written for allentk from the equations; the same equations in
Python are in allentk/models/channels.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX atk_Kv3_1
    USEION k READ ek WRITE ik
    RANGE gbar, g, ik, vshift
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gbar = 1e-5 (S/cm2)
    vshift = 0 (mV)
}

ASSIGNED {
    v (mV)
    ek (mV)
    ik (mA/cm2)
    g (S/cm2)
    minf
    mtau (ms)
}

STATE {
    m
}

INITIAL {
    rates(v - vshift)
    m = minf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    g = gbar*m
    ik = g*(v - ek)
}

DERIVATIVE states {
    rates(v - vshift)
    m' = (minf - m)/mtau
}

UNITSOFF

PROCEDURE rates(u (mV)) {
    minf = boltzmann(u, 18.7, 9.7)
    mtau = 4*boltzmann(u, -46.56, 44.14)
}

FUNCTION boltzmann(u (mV), half (mV), slope (mV)) {
    boltzmann = 1/(1 + exp(-(u - half)/slope))
}

UNITSON
