"""Networks of the live spaces: one skeleton per file, used stand-alone (one operation per edge) and as a supernet (all
operations).
"""
