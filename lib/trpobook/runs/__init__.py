"""Training from the first step to the last: settings, the loop, the folder on disk, `train` and `load`.

Nothing here draws, or knows of a lesson.
"""
