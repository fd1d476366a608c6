TITLE Leaky integrate-and-fire cell whose inputs are jumps of its voltage

COMMENT
Between inputs the voltage decays to rest, 0, with its time constant; where it is above the threshold
after a jump, the cell fires, starts again at 0, and takes no jump for the refractory time. Jumps of one
moment are added up before the threshold is asked, so that the result does not depend on their
order, which in NEURON depends on the number of processes; in this it differs from NEURON's IntFire1.

Written for allentk from the equations.
ENDCOMMENT

NEURON {
    THREADSAFE
    ARTIFICIAL_CELL atk_JumpCell
    RANGE tau, limit, refractory
}

UNITS {
    (mV) = (millivolt)
}

PARAMETER {
    tau = 10 (ms)
    limit = 1 (mV)
    refractory = 3 (ms)
}

ASSIGNED {
    height (mV)
    jumps (mV)
    moment (ms)
    ready (ms)
    waiting
}

INITIAL {
    height = 0
    jumps = 0
    moment = 0
    ready = -1
    waiting = 0
}

NET_RECEIVE (jump (mV)) {
    if (flag == 1) {
        waiting = 0
        height = height*exp(-(t - moment)/tau) + jumps
        moment = t
        jumps = 0
        if (height > limit) {
            height = 0
            ready = t + refractory
            moment = ready
            net_event(t)
        }
    } else if (t >= ready) {
        jumps = jumps + jump
        if (waiting == 0) {
            waiting = 1
            net_send(0, 1)
        }
    }
}
