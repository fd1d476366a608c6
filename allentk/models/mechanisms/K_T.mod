TITLE Transient potassium current K_T

COMMENT
A fast, inactivating potassium current, measured at 21 degrees; vshift moves all its voltages.

Kinetics: Korngreen and Sakmann 2000. Written for allentk from the equations; the same equations in
Python are in allentk/models/channels.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX atk_K_T
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
    celsius (degC)
    ek (mV)
    ik (mA/cm2)
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
    rates(v - vshift)
    m = minf
    h = hinf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    g = gbar*m*m*m*m*h
    ik = g*(v - ek)
}

DERIVATIVE states {
    rates(v - vshift)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
}

UNITSOFF

PROCEDURE rates(u (mV)) {
    minf = boltzmann(u, -47, 29)
    mtau = (0.34 + 0.92*exp(-(u + 71)*(u + 71)/3481))/q
    hinf = boltzmann(u, -66, -10)
    htau = (8 + 49*exp(-(u + 73)*(u + 73)/529))/q
}

FUNCTION boltzmann(u (mV), half (mV), slope (mV)) {
    boltzmann = 1/(1 + exp(-(u - half)/slope))
}

UNITSON
