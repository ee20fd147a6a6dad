-- A search through the whole text for an end that is not there.
local text = ('x'):rep(1000000)
while true do pcall(struct.unpack, 's', text) pcall(struct.unpack, 'ssss', text .. '\0') end
