TITLE Transient sodium current NaTa

COMMENT
A fast, inactivating sodium current of the axon, measured at 23 degrees.

Kinetics: Colbert and Pan 2002. Written for allentk from the equations; the same equations in
Python are in allentk/models/channels.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX atk_NaTa
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
    q = 2.3^((celsius - 23)/10)
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
    LOCAL grown, unit
    grown = exp((v + 48)/6)
    unit = linoid(v + 48, 6, grown)
    minf = 0.182*grown/(0.182*grown + 0.124)
    mtau = 1/((0.182*grown + 0.124)*unit*q)
    grown = exp((v + 69)/6)
    unit = linoid(v + 69, 6, grown)
    hinf = 1/(1 + grown)
    htau = 1/(0.015*(1 + grown)*unit*q)
}

FUNCTION linoid(x (mV), k (mV), grown) (mV) {
    : x / (exp(x/k) - 1) where grown is exp(x/k), by its series about the singularity; with -x for x
    : it is grown times as much
    LOCAL z
    z = x/k
    if (fabs(z) < 1e-3) {
        linoid = k*(1 - z/2 + z*z/12)
    } else {
        linoid = x/(grown - 1)
    }
}

UNITSON
