return (''):rep(1e15), (''):rep(2^53)
