return loadstring(('\n'):rep(1e7) .. 'x ='), loadstring(('\r\n'):rep(1e6) .. 'error(1)')
