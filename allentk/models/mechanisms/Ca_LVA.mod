TITLE Low-voltage-activated calcium current

COMMENT
A calcium current that opens at low voltages and inactivates, measured at 21 degrees.

Kinetics: Avery and Johnston 1996; Randall 1997. Written for allentk from the equations; the same equations in
Python are in allentk/models/channels.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX atk_Ca_LVA
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
    celsius (degC)
    eca (mV)
    ica (mA/cm2)
    g (S/cm2)
    q
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
    q = 2.3^((celsius - 21)/10)
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
    minf = boltzmann(v, -40, 6)
    mtau = (5 + 20*boltzmann(v, -35, -5))/q
    hinf = boltzmann(v, -90, -6.4)
    htau = (20 + 50*boltzmann(v, -50, -7))/q
}

FUNCTION boltzmann(u (mV), half (mV), slope (mV)) {
    boltzmann = 1/(1 + exp(-(u - half)/slope))
}

UNITSON
