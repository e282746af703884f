"""Benchmarks: costs as ratios to a reference measured in the same run, never as seconds."""
