"""What NEURON makes of SWC files: run as a program in a process of its own.

Reads a list of requests (JSON) from stdin, writes a list of answers to stdout. A request has `swc`,
`axon`, and for a passive run `ra`, `cm`, `rm`, `current_na`, `dt`, `tstop`, `start`, `duration`.
"""

import json
import subprocess
import sys


def ask(requests):
    """Return NEURON's answers; called from tests."""
    done = subprocess.run(
        [sys.executable, __file__],
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return json.loads(done.stdout.rsplit("ANSWERS", 1)[1])


def load(h, swc, axon):
    for section in list(h.allsec()):
        h.delete_section(sec=section)
    reader = h.Import3d_SWC_read()
    reader.quiet = 1
    reader.input(swc)
    h.Import3d_GUI(reader, 0).instantiate(None)
    for section in h.soma:
        section(0.5).area()
    for section in h.allsec():
        section.nseg = 1 + 2 * int(section.L / 40)
    if axon != "full":
        replace_axon(h, axon)


def replace_axon(h, axon):
    old = [section for section in h.allsec() if section.name().startswith("axon")]
    diameters = [1.0, 1.0]
    if axon == "truncated":
        diameters = [h.axon[0].diam] * 2
        h.distance(0, 0.0, sec=h.soma[0])
        far = (section.diam for section in old if h.distance(0.5, sec=section) > 60)
        diameters[1] = next(far, diameters[0])
    for section in old:
        h.delete_section(sec=section)
    h("create axon[2]")
    for section, diameter in zip(h.axon, diameters, strict=True):
        section.L, section.diam, section.nseg = 30, diameter, 1
    h.axon[0].connect(h.soma[0], 0.5 if axon == "stub" else 1.0, 0)
    h.axon[1].connect(h.axon[0], 1.0, 0)


def described(h):
    for section in h.allsec():
        section.Ra = 100
    h.finitialize(0)
    origin, found = h.soma[0](0.5), []
    for section in h.allsec():
        above = section.parentseg()
        found.append(
            {
                "name": section.name(),
                "parent": above and above.sec.name(),
                "parent_x": above and above.x,
                "area": [segment.area() for segment in section],
                "ri": [segment.ri() for segment in section],
                "end_ri": section(1).ri(),
                "path": [h.distance(origin, segment) for segment in section],
            }
        )
    return found


def passive_run(h, request):
    for section in h.allsec():
        section.insert("pas")
        section.Ra, section.cm = request["ra"], request["cm"]
        section.g_pas, section.e_pas = 1 / request["rm"], 0
    clamp = h.IClamp(h.soma[0](0.5))
    clamp.delay, clamp.dur, clamp.amp = (request[k] for k in ("start", "duration", "current_na"))
    voltage = h.Vector().record(h.soma[0](0.5)._ref_v)
    h.dt, h.steps_per_ms, h.secondorder = request["dt"], 1 / request["dt"], 2
    h.finitialize(0)
    h.continuerun(request["tstop"])
    return list(voltage)


def main():
    from neuron import h

    h.load_file("stdrun.hoc")
    h.load_file("import3d.hoc")
    answers = []
    for request in json.load(sys.stdin):
        load(h, request["swc"], request["axon"])
        answers.append(passive_run(h, request) if "ra" in request else described(h))
    print("ANSWERS" + json.dumps(answers))


if __name__ == "__main__":
    main()
