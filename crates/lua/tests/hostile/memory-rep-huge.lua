return ('x'):rep(2^53), ('xxxx'):rep(2^62), ('x'):rep(1e300)
