"""Everything Qt and napari: dock widgets, layer building, jobs."""
