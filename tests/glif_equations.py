"""AllenSDK's GLIF neuron written out from the published equations, in plain Python and SI units.

It takes the content of a ``neuron_config.json`` as it is and shares nothing with allentk.
"""

import math

NAN = float("nan")


def coefficient(config, name):
    return config["coeffs"].get(name, 1.0)


def threshold_voltage(config, v, th_v, current, g, c, h):
    """The voltage-dependent threshold after a step, the voltage moving exactly, the current constant."""
    params = config["threshold_dynamics_method"]["params"]
    a = params["a_voltage"] * coefficient(config, "a")
    b = params["b_voltage"] * coefficient(config, "b")
    beta = config["El"] + current / g
    phi = a / (b - g / c)
    steady = a / b * (beta - config["El"])
    moving = phi * (v - beta)
    return moving * math.exp(-g * h / c) + math.exp(-b * h) * (th_v - moving - steady) + steady


def run(config, current_a):
    """Return the crossing steps, voltages, thresholds and interpolated times; None where never written."""
    h, n = config["dt"], config["spike_cut_length"]
    g = coefficient(config, "G") / config["R_input"]
    c = config["C"] * coefficient(config, "C")
    th_inf = config["th_inf"] * coefficient(config, "th_inf")
    reset = config["voltage_reset_method"]
    spike = config["threshold_reset_method"]["params"]
    has_asc = config["AScurrent_dynamics_method"]["name"] == "exp"
    has_spike = config["threshold_reset_method"]["name"] == "three_components"
    has_voltage = config["threshold_dynamics_method"]["name"] == "three_components_exact"
    rates = [1 / tau for tau in config["asc_tau_array"]] if has_asc else []
    amps = [
        amp * factor
        for amp, factor in zip(
            config["asc_amp_array"], coefficient(config, "asc_amp_array"), strict=True
        )
    ]
    kept = config["AScurrent_reset_method"]["params"].get("r", [])
    size = len(current_a)
    voltage, threshold = [NAN] * size, [NAN] * size
    steps, times = [], []
    v, th_s, th_v, asc = config["init_voltage"], 0.0, 0.0, [0.0] * len(rates)
    step = 0
    while step < size:
        total = current_a[step] + sum(asc)
        new_v = v + (total - g * (v - config["El"])) * h / c
        if has_voltage:
            th_v = threshold_voltage(config, v, th_v, total, g, c, h)
        if has_spike:
            th_s *= math.exp(-spike["b_spike"] * h)
        asc = [x * math.exp(-k * h) for x, k in zip(asc, rates, strict=True)]
        v, new_th = new_v, th_inf + th_s + th_v
        if v > new_th:
            steps.append(step)
            if step:
                before = threshold[step - 1] - voltage[step - 1]
                times.append(h * step + h * before / (before + v - new_th))
            rule = {"a": 0.0, "b": 0.0} if reset["name"] == "zero" else reset["params"]
            v = rule["a"] * v + rule["b"]
            if has_spike:
                th_s = th_s * math.exp(-spike["b_spike"] * h * n) + spike["a_spike"]
            if has_asc:
                asc = [
                    amp + x * r * math.exp(-k * h * n)
                    for amp, x, r, k in zip(amps, asc, kept, rates, strict=True)
                ]
            step += n
            new_th = th_inf + th_s + th_v
            if v > new_th:
                for at in range(step, min(step + 6, size)):
                    voltage[at], threshold[at] = v, new_th
                break
        if step < size:
            voltage[step], threshold[step] = v, new_th
        step += 1
    return steps, voltage, threshold, times
