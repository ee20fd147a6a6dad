load(function() return ' ' end)
