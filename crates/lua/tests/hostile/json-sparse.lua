if not cjson then return end
cjson.encode_sparse_array(true, 0, 2^31 - 1)
pcall(cjson.encode, {[2^31 - 1] = 1})
cjson.encode_sparse_array(false, 0, 0)
return cjson.encode({[1] = 1, [2^31 - 2] = 2})
