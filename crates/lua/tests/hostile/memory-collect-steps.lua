for i = 1, 1e9 do collectgarbage('step', i) collectgarbage('setpause', i) collectgarbage('setstepmul', -i) end
