TITLE Shaw-type potassium current Kv3_1T

COMMENT
A potassium current that opens fast at high voltages and does not inactivate: Kv3_1 with time
constants of 23 degrees.

Kinetics: Shaw family, EMBO Journal 11:2473 (1992). Written for allentk from the equations; the same equations in
Python are in allentk/models/channels.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX atk_Kv3_1T
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
    q = 2.3^((celsius - 23)/10)
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
    minf = boltzmann(v, 18.7, 9.7)
    mtau = 4*boltzmann(v, -46.56, 44.14)/q
}

FUNCTION boltzmann(u (mV), half (mV), slope (mV)) {
    boltzmann = 1/(1 + exp(-(u - half)/slope))
}

UNITSON
