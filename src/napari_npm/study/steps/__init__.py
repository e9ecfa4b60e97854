"""The steps of the method, one file each."""
