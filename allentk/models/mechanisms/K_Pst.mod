TITLE Persistent potassium current K_Pst

COMMENT
A slowly inactivating potassium current: time constants as those of K_P, moved by the 10 mV of a
liquid junction potential. Its speed is that of 34 degrees at any temperature.

Kinetics: Korngreen and Sakmann 2000. Written for allentk from the equations; the same equations in
Python are in allentk/models/channels.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX atk_K_Pst
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
    g = gbar*m*m*h
    ik = g*(v - ek)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
}

UNITSOFF

PROCEDURE rates(v (mV)) {
    LOCAL w
    w = v + 10
    minf = boltzmann(v, -11, 12)
    if (w < -50) {
        mtau = (1.25 + 175.03*exp(0.026*w))/q
    } else {
        mtau = (1.25 + 13*exp(-0.026*w))/q
    }
    hinf = boltzmann(v, -64, -11)
    htau = (360 + (1010 + 24*(w + 55))*exp(-(w + 75)*(w + 75)/2304))/q
}

FUNCTION boltzmann(u (mV), half (mV), slope (mV)) {
    boltzmann = 1/(1 + exp(-(u - half)/slope))
}

UNITSON
