TITLE Persistent sodium current Nap

COMMENT
A sodium current that opens at once and inactivates within seconds, measured at 21 degrees. What is
open is computed where the current is, so that its slope is part of the implicit step.

Kinetics: Magistretti and Alonso 1999. Written for allentk from the equations; the same equations in
Python are in allentk/models/channels.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX atk_Nap
    USEION na READ ena WRITE ina
    RANGE gbar, g, ina
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
    ena (mV)
    ina (mA/cm2)
    g (S/cm2)
    q
    hinf
    htau (ms)
}

STATE {
    h
}

INITIAL {
    q = 2.3^((celsius - 21)/10)
    rates(v)
    h = hinf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    g = gbar*boltzmann(v, -52.6, 4.6)*h
    ina = g*(v - ena)
}

DERIVATIVE states {
    rates(v)
    h' = (hinf - h)/htau
}

UNITSOFF

PROCEDURE rates(v (mV)) {
    hinf = boltzmann(v, -48.8, -10)
    htau = 1/((2.88e-6*linoid(v + 17, 4.63) + 6.94e-6*linoid(-64.4 - v, 2.63))*q)
}

FUNCTION boltzmann(u (mV), half (mV), slope (mV)) {
    boltzmann = 1/(1 + exp(-(u - half)/slope))
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
