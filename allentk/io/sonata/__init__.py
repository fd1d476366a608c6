"""SONATA files and plain tables: nodes, edges, types, node sets, spikes, reports, configurations."""

from allentk.io.sonata.arrays import read_arrays, write_arrays
from allentk.io.sonata.circuit import Circuit, read_sonata
from allentk.io.sonata.circuit_writer import stems, write_configs, write_sonata
from allentk.io.sonata.config import NetworkFiles, SonataConfig, read_config
from allentk.io.sonata.edge_writer import EdgeWriter
from allentk.io.sonata.edges import EdgePopulation, read_edges
from allentk.io.sonata.folder import whole_folder
from allentk.io.sonata.node_sets import select_nodes
from allentk.io.sonata.nodes import NodeTable, read_nodes, write_nodes
from allentk.io.sonata.reports import ElementReport, read_report, report_populations, write_report
from allentk.io.sonata.spikes import read_spikes, spike_populations, write_spikes
from allentk.io.sonata.types import read_types, write_types

__all__ = [
    "Circuit",
    "EdgePopulation",
    "EdgeWriter",
    "ElementReport",
    "NetworkFiles",
    "NodeTable",
    "SonataConfig",
    "read_arrays",
    "read_config",
    "read_edges",
    "read_nodes",
    "read_report",
    "read_sonata",
    "read_spikes",
    "read_types",
    "report_populations",
    "select_nodes",
    "spike_populations",
    "stems",
    "whole_folder",
    "write_arrays",
    "write_configs",
    "write_nodes",
    "write_report",
    "write_sonata",
    "write_spikes",
    "write_types",
]
