load(function() return 'x' end)
