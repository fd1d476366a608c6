TITLE Conductance of two exponentials, of which many may open in one moment

COMMENT
The difference of two exponentials with a peak of the weight (uS), as in NEURON's Exp2Syn. Openings
of one step are added up before they begin, so that the result does not depend on their order, which
in NEURON depends on the number of processes. For fixed steps only.

Written for allentk from the equations.
ENDCOMMENT

NEURON {
    THREADSAFE
    POINT_PROCESS atk_Conductance
    RANGE tau_rise, tau_decay, e, i, g
    NONSPECIFIC_CURRENT i
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

PARAMETER {
    tau_rise = 0.5 (ms)
    tau_decay = 3 (ms)
    e = 0 (mV)
}

ASSIGNED {
    v (mV)
    dt (ms)
    i (nA)
    g (uS)
    scale
    keep_rise
    keep_decay
    rise (uS)
    decay (uS)
    opening (uS)
}

INITIAL {
    LOCAL peak
    rise = 0
    decay = 0
    opening = 0
    g = 0
    peak = tau_rise*tau_decay/(tau_decay - tau_rise)*log(tau_decay/tau_rise)
    scale = 1/(exp(-peak/tau_decay) - exp(-peak/tau_rise))
    keep_rise = exp(-dt/tau_rise)
    keep_decay = exp(-dt/tau_decay)
}

BREAKPOINT {
    SOLVE advance
    g = decay - rise
    i = g*(v - e)
}

PROCEDURE advance() {
    rise = (rise + scale*opening)*keep_rise
    decay = (decay + scale*opening)*keep_decay
    opening = 0
}

NET_RECEIVE (weight (uS)) {
    opening = opening + weight
}
