"""Published search algorithms, one a file, named as the field names them."""
