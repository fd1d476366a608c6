TITLE Delayed-rectifier potassium current Kv2like

COMMENT
Half of the channels inactivate with the time constant of h1, half with that of h2. The formula of
the latter is negative below -119 mV, where 1 us stands for it. Measured at 21 degrees.

Kinetics: Keren et al. 2005; Liu and Bean 2014. Written for allentk from the equations; the same equations in
Python are in allentk/models/channels.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX atk_Kv2like
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
    h1inf
    h1tau (ms)
    h2inf
    h2tau (ms)
}

STATE {
    m
    h1
    h2
}

INITIAL {
    q = 2.3^((celsius - 21)/10)
    rates(v)
    m = minf
    h1 = h1inf
    h2 = h2inf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    g = gbar*m*m*0.5*(h1 + h2)
    ik = g*(v - ek)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
    h1' = (h1inf - h1)/h1tau
    h2' = (h2inf - h2)/h2tau
}

UNITSOFF

PROCEDURE rates(v (mV)) {
    LOCAL opening, closing
    opening = 0.12*linoid(43 - v, 11)
    closing = 0.02*exp(-(v + 1.27)/120)
    minf = opening/(opening + closing)
    mtau = 2.5/(q*(opening + closing))
    h1inf = boltzmann(v, -58, -11)
    h1tau = (360 + (1010 + 23.7*(v + 54))*exp(-(v + 75)*(v + 75)/2304))/q
    h2inf = h1inf
    h2tau = (2350 + 1380*exp(-0.011*v) - 210*exp(-0.03*v))/q
    if (h2tau < 0) {
        h2tau = 0.001
    }
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
