"""Figures for papers by a preset: kept in the study, drawn and written."""

from .figure_settings import FigurePreset as FigurePreset
