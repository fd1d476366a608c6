TITLE Sodium current NaV of twelve states

COMMENT
Five closed states and the open one, each with its inactivated neighbour:

    C1 <-> C2 <-> C3 <-> C4 <-> C5 <-> O
     |      |      |      |      |     |
    I1 <-> I2 <-> I3 <-> I4 <-> I5 <-> I6

All rates of opening are multiples of one exponential and those of closing of its inverse. The
channel begins in its true equilibrium. Measured at 37 degrees.

Kinetics: Carter et al. 2012. Written for allentk from the equations; the same equations in Python
are in allentk/models/channels.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX atk_NaV
    USEION na READ ena WRITE ina
    RANGE gbar, g, ina
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gbar = 0.015 (S/cm2)
}

ASSIGNED {
    v (mV)
    celsius (degC)
    ena (mV)
    ina (mA/cm2)
    g (S/cm2)
    q
    opening (/ms)
    closing (/ms)
    last (/ms)
    first (/ms)
    across[6] (/ms)
    back[6] (/ms)
}

STATE {
    C1
    C2
    C3
    C4
    C5
    O
    I1
    I2
    I3
    I4
    I5
    I6
}

INITIAL {
    constants()
    equilibrium(v)
}

BREAKPOINT {
    SOLVE scheme METHOD sparse
    g = gbar*O
    ina = g*(v - ena)
}

KINETIC scheme {
    rates(v)

    ~ C1 <-> C2 (4*opening, closing)
    ~ C2 <-> C3 (3*opening, 2*closing)
    ~ C3 <-> C4 (2*opening, 3*closing)
    ~ C4 <-> C5 (opening, 4*closing)
    ~ C5 <-> O (last, first)

    ~ I1 <-> I2 (4*2.51*opening, closing/5.32)
    ~ I2 <-> I3 (3*2.51*opening, 2*closing/5.32)
    ~ I3 <-> I4 (2*2.51*opening, 3*closing/5.32)
    ~ I4 <-> I5 (2.51*opening, 4*closing/5.32)
    ~ I5 <-> I6 (last, first)

    ~ C1 <-> I1 (across[0], back[0])
    ~ C2 <-> I2 (across[1], back[1])
    ~ C3 <-> I3 (across[2], back[2])
    ~ C4 <-> I4 (across[3], back[3])
    ~ C5 <-> I5 (across[4], back[4])
    ~ O <-> I6 (across[5], back[5])

    CONSERVE C1 + C2 + C3 + C4 + C5 + O + I1 + I2 + I3 + I4 + I5 + I6 = 1
}

UNITSOFF

PROCEDURE rates(v (mV)) {
    opening = 400*q*exp(v/24)
    closing = 4800*q*q/opening
}

PROCEDURE constants() {
    q = 2.3^((celsius - 37)/10)
    last = 250*q
    first = 60*q
    across[0] = 0.01*q
    back[0] = 40*q
    FROM k = 1 TO 4 {
        across[k] = across[k - 1]*2.51
        back[k] = back[k - 1]/5.32
    }
    across[5] = 8*q
    back[5] = 0.05*q
}

PROCEDURE equilibrium(v (mV)) {
    : Rungs are taken out from the left: the ways through them are added to the next rung's ways
    : across (over) and back (under). The last rung is then a pair of states, and those before follow
    : from it. Nothing is subtracted, so that the improbable states are as exact as the others.
    LOCAL u[5], d[5], ui[5], di[5], over[6], under[6], c[6], i[6], all, k
    rates(v)
    FROM j = 0 TO 3 {
        u[j] = (4 - j)*opening
        d[j] = (j + 1)*closing
        ui[j] = 2.51*u[j]
        di[j] = d[j]/5.32
    }
    u[4] = last
    d[4] = first
    ui[4] = last
    di[4] = first

    over[0] = across[0]
    under[0] = back[0]
    FROM j = 0 TO 4 {
        all = u[j]*ui[j] + u[j]*under[j] + over[j]*ui[j]
        over[j + 1] = across[j + 1] + d[j]*over[j]*ui[j]/all
        under[j + 1] = back[j + 1] + di[j]*under[j]*u[j]/all
    }

    c[5] = under[5]
    i[5] = over[5]
    FROM j = 0 TO 4 {
        k = 4 - j
        all = u[k]*ui[k] + u[k]*under[k] + over[k]*ui[k]
        c[k] = (d[k]*c[k + 1]*(ui[k] + under[k]) + under[k]*di[k]*i[k + 1])/all
        i[k] = (di[k]*i[k + 1]*(u[k] + over[k]) + over[k]*d[k]*c[k + 1])/all
    }

    all = 0
    FROM j = 0 TO 5 {
        all = all + c[j] + i[j]
    }
    C1 = c[0]/all
    C2 = c[1]/all
    C3 = c[2]/all
    C4 = c[3]/all
    C5 = c[4]/all
    O = c[5]/all
    I1 = i[0]/all
    I2 = i[1]/all
    I3 = i[2]/all
    I4 = i[3]/all
    I5 = i[4]/all
    I6 = i[5]/all
}

UNITSON
