TITLE Persistent potassium current K_P

COMMENT
A slowly inactivating potassium current, measured at 21 degrees; vshift moves all its voltages.

Kinetics: Korngreen and Sakmann 2000. Written for allentk from the equations; the same equations in
Python are in allentk/models/channels.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX atk_K_P
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
    g = gbar*m*m*h
    ik = g*(v - ek)
}

DERIVATIVE states {
    rates(v - vshift)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
}

UNITSOFF

PROCEDURE rates(u (mV)) {
    minf = boltzmann(u, -14.3, 14.6)
    if (u < -50) {
        mtau = (1.25 + 175.03*exp(0.026*u))/q
    } else {
        mtau = (1.25 + 13*exp(-0.026*u))/q
    }
    hinf = boltzmann(u, -54, -11)
    htau = (360 + (1010 + 24*(u + 55))*exp(-(u + 75)*(u + 75)/2304))/q
}

FUNCTION boltzmann(u (mV), half (mV), slope (mV)) {
    boltzmann = 1/(1 + exp(-(u - half)/slope))
}

UNITSON
