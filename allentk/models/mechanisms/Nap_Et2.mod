TITLE Persistent sodium current Nap_Et2

COMMENT
A sodium current that inactivates within seconds. Its speed is that of 34 degrees at any temperature.

Kinetics: Magistretti and Alonso 1999. Written for allentk from the equations; the same equations in
Python are in allentk/models/channels.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX atk_Nap_Et2
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
    ena (mV)
    ina (mA/cm2)
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
    g = gbar*m*m*m*h
    ina = g*(v - ena)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
}

UNITSOFF

PROCEDURE rates(v (mV)) {
    minf = boltzmann(v, -52.6, 4.6)
    mtau = 6/((0.182*linoid(-38 - v, 6) + 0.124*linoid(v + 38, 6))*q)
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
