s = 'return 1 + loadstring(s)()'
loadstring(s)()
