local s = ''
for i = 1, 1e7 do s = s .. 'some text' end
