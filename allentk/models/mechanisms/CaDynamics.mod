TITLE Calcium pool below the membrane

COMMENT
A part gamma of the calcium that flows in fills a shell of a depth below the membrane; it falls back
to minCai with the time constant decay, in ms. It begins there.

Kinetics: Destexhe et al. 1994. Written for allentk from the equations; the same equations in Python
are in allentk/models/channels.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX atk_CaDynamics
    USEION ca READ ica WRITE cai
    RANGE gamma, decay, depth, minCai
}

UNITS {
    (mA) = (milliamp)
    (mM) = (milli/liter)
    (um) = (micron)
    FARADAY = (faraday) (coulombs)
}

PARAMETER {
    gamma = 0.05 (1)
    decay = 80 (ms)
    depth = 0.1 (um)
    minCai = 1e-4 (mM)
}

ASSIGNED {
    ica (mA/cm2)
}

STATE {
    : about 1e-4: a variable step needs a tolerance scaled as much, h.CVode().atolscale("cai", 1e-4)
    cai (mM)
}

INITIAL {
    cai = minCai
}

BREAKPOINT {
    SOLVE pool METHOD cnexp
}

DERIVATIVE pool {
    cai' = -(1e4)*ica*gamma/(2*FARADAY*depth) - (cai - minCai)/decay
}
