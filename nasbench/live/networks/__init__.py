"""Networks of the live spaces:

one skeleton a file, used alone (one operation an edge) and as a supernet (all of them).
"""
