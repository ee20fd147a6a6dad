-- Expected output: redis-cli --eval FILE (redis-server 7.0.15).
local out={}
local function show(v,d) d=d or 0
 if type(v)=="table" then if d>4 then return "{...}" end local t={} for k,x in pairs(v) do t[#t+1]="["..show(k,d+1).."]="..show(x,d+1) end return "{"..table.concat(t,",").."}" end
 if type(v)=="string" then return string.format("%q",v) end
 if v==cjson.null then return "null" end
 if type(v)=="number" or type(v)=="boolean" or type(v)=="nil" then return tostring(v) end return type(v) end
local function P(name,...) local t={} for i=1,select('#',...) do t[i]=show((select(i,...))) end out[#out+1]=name.." => "..table.concat(t," | ") end
local function D(s) P("decode "..string.format("%q",s),pcall(cjson.decode,s)) end
local function E(v) P("encode "..show(v),pcall(cjson.encode,v)) end
for _,s in ipairs{'','  ','{','[','1','-1','+1','01','1.5','1.','.5','-','0x10','1e5','1e','inf','nan','-inf','NaN','Infinity','-Infinity','-nan','nul','null','true','false','tru','True','"a','"a\\','"a\\x"','"\\u00e9"','"\\u0000"','"\\ud83d\\ude00"','"\\ud83d"','"\\ude00"','"\\ud83dx"','"\\ud83d\\u0041"','"\\u12"','"\\uZZZZ"','"a\nb"','"a\tb"','"a\0b"','"\\/\\b\\f\\n\\r\\t\\"\\\\"','[1,2,3]','[1,2,]','[,1]','[1 2]','[1','[1,','{"a":1}','{"a":1,}','{"a" 1}','{a:1}','{1:2}','{"a"}','{"a":}','{"a":1 "b":2}','{"a":1,"a":2}','{"1":1}','[null]','{"a":null}','1 2','[] x','{}','[]','[[]]',' [ 1 , 2 ] ','\t\n\r1','\v1','\f1','1\0','[1]\0x','"\\u007f"','"\127"','"\128\255"','0x','0xg','1e400','-1e400','1e-400','123456789012345678901234567890','-0','0','1E5','1e+5','1e-5','1..2','1.2.3','--1','[-]','[0x1p4]','[infinity]','[nan(1)]','[i]','[n]','[N]','/','\'a\'','[1,2,3','{"a":[1,2','{"a":"b','"abc" "d"','@','\255\254','\239\187\1911','{"x":tru}','[truex]','[true x]','[nullnull]','[1true]','{"":1}','{"\\u0061":1}'} do D(s) end
P("noarg",pcall(cjson.decode)) P("nil",pcall(cjson.decode,nil)) P("tbl",pcall(cjson.decode,{})) P("num",pcall(cjson.decode,12)) P("two",pcall(cjson.decode,"1","2"))
P("d1000",pcall(function() return #cjson.decode(("["):rep(1000)..("]"):rep(1000)) end))
P("d1001",pcall(cjson.decode,("["):rep(1001)..("]"):rep(1001)))
P("d1001b",pcall(cjson.decode,("["):rep(1001)))
P("d1001o",pcall(cjson.decode,('{"a":'):rep(1001)))
P("mixed",pcall(cjson.decode,('[{"a":'):rep(501)))
E(nil) E(true) E(false) E(1) E(1.5) E(-0.0) E(1e15) E(1e14) E(123456789012345) E(1/3) E(1e100) E(1/0) E(0/0) E(-1/0) E("a\"\\/\b\f\n\r\t\0\1\31\127\128\255é") E({}) E({1,2,3}) E({a=1}) E({[1]=1,[2]=2,[5]=5}) E({[1]=1,[11]=2}) E({[11]=2}) E({[10]=2}) E({[1]=1,[2]=2,[3]=3,[20]=1}) E({[tonumber("0")]=1}) E({[-1]=1}) E({[1.5]=1}) E({1,2,a=3}) E({[true]=1}) E({[{}]=1}) E({next}) E(next) E({1,nil,3}) E(cjson.null) E({cjson.null}) E({a=cjson.null}) E({[1e15]=1}) E({[2^53]=1}) E(coroutine.create(function() end)) E({["1"]=1}) E({1,[3]=2,[5]=4}) E({a={b={c={}}}})
P("enc noarg",pcall(cjson.encode)) P("enc two",pcall(cjson.encode,1,2))
local t={} for i=1,999 do t={t} end P("e1000",pcall(function() return #cjson.encode(t) end)) t={t} P("e1001",pcall(function() return #cjson.encode(t) end)) 
t={t} P("e1002",pcall(function() return #cjson.encode(t) end))
local r={} r[1]=r P("ecyc",pcall(cjson.encode,r)) r={} r.a=r P("ecycm",pcall(cjson.encode,r))
local m=setmetatable({},{__index=function() return 1 end,__len=function() return 3 end}) E(m)
P("cfg",cjson.encode_sparse_array()) P("cfg",cjson.encode_max_depth()) P("cfg",cjson.decode_max_depth()) P("cfg",cjson.encode_number_precision()) P("cfg",cjson.encode_keep_buffer()) P("cfg",cjson.encode_invalid_numbers()) P("cfg",cjson.decode_invalid_numbers())
P("sa",pcall(cjson.encode_sparse_array,true,3,4)) P("sa",pcall(cjson.encode_sparse_array,true)) P("sa",pcall(cjson.encode_sparse_array,nil,1)) P("sa",pcall(cjson.encode_sparse_array,false,-1)) P("sa",pcall(cjson.encode_sparse_array,false,2,10,5)) P("sa",pcall(cjson.encode_sparse_array,"x")) P("sa",pcall(cjson.encode_sparse_array,1)) P("sa",pcall(cjson.encode_sparse_array,"on")) P("sa",pcall(cjson.encode_sparse_array,false,"x")) P("sa",cjson.encode_sparse_array(false,2,10))
cjson.encode_sparse_array(true) E({[1]=1,[11]=2}) cjson.encode_sparse_array(false,0,0) E({[1]=1,[11]=2}) cjson.encode_sparse_array(false,1,3) E({[3]=1}) E({[4]=1}) E({[2]=1}) cjson.encode_sparse_array(false,2,10)
P("md",pcall(cjson.encode_max_depth,0)) P("md",pcall(cjson.encode_max_depth,2)) E({{1}}) E({{{1}}}) P("md",pcall(cjson.encode_max_depth,1000)) P("md",pcall(cjson.encode_max_depth,"x")) P("md",pcall(cjson.encode_max_depth,1,2)) P("md",pcall(cjson.encode_max_depth,2^31)) P("md",pcall(cjson.encode_max_depth,1.5)) cjson.encode_max_depth(1000)
P("dd",pcall(cjson.decode_max_depth,2)) D("[[1]]") D("[[[1]]]") D('{"a":{"b":{}}}') cjson.decode_max_depth(1000)
P("np",pcall(cjson.encode_number_precision,0)) P("np",pcall(cjson.encode_number_precision,15)) P("np",pcall(cjson.encode_number_precision,17))  P("np",pcall(cjson.encode_number_precision,3)) E(3.14159) E(1e10) E(123456) P("np",cjson.encode_number_precision(14)) 
P("np",pcall(cjson.encode_number_precision,1)) P("np",pcall(cjson.encode_number_precision,14)) P("np",pcall(cjson.encode_number_precision,16))cjson.encode_number_precision(14)
P("kb",pcall(cjson.encode_keep_buffer,true)) P("kb",pcall(cjson.encode_keep_buffer,"x")) P("kb",pcall(cjson.encode_keep_buffer,false)) P("kb",pcall(cjson.encode_keep_buffer,"on"))  P("kb",pcall(cjson.encode_keep_buffer,1))  
P("ei",pcall(cjson.encode_invalid_numbers,"null")) E(0/0) E(1/0) E({1/0}) P("ei",pcall(cjson.encode_invalid_numbers,true)) E(0/0) E(1/0) E(-1/0) P("ei",pcall(cjson.encode_invalid_numbers,"x")) P("ei",pcall(cjson.encode_invalid_numbers,"on")) P("ei",pcall(cjson.encode_invalid_numbers,"off")) P("ei",pcall(cjson.encode_invalid_numbers,false)) P("ei",pcall(cjson.encode_invalid_numbers,1)) P("ei",pcall(cjson.encode_invalid_numbers,nil))
P("di",pcall(cjson.decode_invalid_numbers,false)) D("[0x10]") D("[nan]") D("[inf]") D("[-inf]") D("[01]") D("[-01]") D("[-0x1]") D("[1.5]") D("[-]") D("[Infinity]") D("[0]") D("[-0]") D("[00]") D("[0.5]") D("[1e5]") D("[.5]") D("[+1]") D("[1.]") D("[-nan]") D("[-i]") D("[nAn]") D("[INF]") D("[n]") P("di",pcall(cjson.decode_invalid_numbers,true)) P("di",pcall(cjson.decode_invalid_numbers,"null"))
local c=cjson.new() P("new",type(c)) P("new",c~=cjson) P("new",c.null==cjson.null) P("nm",c._NAME,c._VERSION) P("new",(pcall(cjson.new,1))) c.encode_max_depth(1) P("own settings",cjson.encode_max_depth(),c.encode_max_depth()) P("own",pcall(c.encode,{{}}))
P("null",tostring(cjson.null)) P("null",type(cjson.null))
P("bigint",cjson.encode(1e14),cjson.encode(-1e14),cjson.encode(99999999999999),cjson.encode(999999999999999), cjson.encode(0.1),cjson.encode(1e-7),cjson.encode(5e-324), cjson.encode(2^53),cjson.encode(100000), cjson.encode(1e21))
E({[1]=1,[2]=cjson.null,[4]=1}) E({{},{a={}}}) E({[1]="a",["b"]=2,[3.5]="c",[-7]=1, [1e20]=3})
P("dup",cjson.decode('{"a":1,"b":2,"a":3}').a)
local ks={} for i=1,20 do ks["k"..i]=i end P("order",cjson.encode(ks)) P("order2",cjson.encode(cjson.decode('{"z":1,"y":2,"x":[1,2,{"q":null}],"w":{}}')))
return table.concat(out,"\n")
