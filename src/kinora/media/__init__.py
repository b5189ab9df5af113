"""Video and image files to arrays and back (the only package that imports PyAV)."""
