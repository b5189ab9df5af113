"""Rectified flow over a callable: paths, schedules, solvers, state and conditions."""
