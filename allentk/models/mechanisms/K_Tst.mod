TITLE Transient potassium current K_Tst

COMMENT
A fast, inactivating potassium current: time constants as those of K_T, moved by the 10 mV of a
liquid junction potential. Its speed is that of 34 degrees at any temperature.

Kinetics: Korngreen and Sakmann 2000. Written for allentk from the equations; the same equations in
Python are in allentk/models/channels.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX atk_K_Tst
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
    q = 2.3^((34 - 21)/10)
    rates(v)
    m = minf
    h = hinf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    g = gbar*m*m*m*m*h
    ik = g*(v - ek)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
}

UNITSOFF

PROCEDURE rates(v (mV)) {
    minf = boltzmann(v, -10, 19)
    mtau = (0.34 + 0.92*exp(-(v + 81)*(v + 81)/3481))/q
    hinf = boltzmann(v, -76, -10)
    htau = (8 + 49*exp(-(v + 83)*(v + 83)/529))/q
}

FUNCTION boltzmann(u (mV), half (mV), slope (mV)) {
    boltzmann = 1/(1 + exp(-(u - half)/slope))
}

UNITSON
