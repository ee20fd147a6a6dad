return ('a '):rep(500000):gsub('%f[%a]', '<')
