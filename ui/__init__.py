"""The faces: the command line, the pages, the API beside them."""
