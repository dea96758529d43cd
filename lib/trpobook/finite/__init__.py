"""Worlds small enough to be solved exactly, and what is exact in them.

NumPy alone: nothing here trains a network or steps a simulator.
"""
