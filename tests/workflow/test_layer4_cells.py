"""The cells of the layer 4 model are asked for by their specimens."""

from allentk.network import recipes
from allentk.network.recipes.tutorial8_cells import synthetic_cells
from allentk.workflow import fetch_layer4_cells


class Service:
    def __init__(self):
        self.asked = []

    def biophysical_model(self, specimen_id, kind="perisomatic", *, axon=None):
        self.asked.append((specimen_id, kind, axon))
        return synthetic_cells()["PV1" if specimen_id in (330080937, 318331342) else "Scnn1a"]


def test_five_models_go_into_the_recipe():
    service = Service()
    cells = fetch_layer4_cells(service)
    specimens = [395830185, 314804042, 318808427, 330080937, 318331342]
    assert service.asked == [(specimen, "perisomatic", "stub") for specimen in specimens]
    network = recipes.layer4(scale=0.002, cells=cells)
    compartmental = [p.name for p in network.populations if p.compartmental]
    assert compartmental == ["Scnn1a", "Rorb", "Nr5a1", "PV1", "PV2"]
