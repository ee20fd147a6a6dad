-- The n-body simulation, per pair of bodies and step.
local ops = 400000
local bodies = {}
for i = 1, 5 do bodies[i] = {x = i * 1.1, y = i * 0.7, z = i * 0.3, vx = 0.01 * i, vy = 0.02, vz = -0.01 * i, mass = 1 / i} end
local sqrt = math.sqrt
local function advance(dt)
  for i = 1, 5 do
    local a = bodies[i]
    for j = i + 1, 5 do
      local b = bodies[j]
      local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
      local d = dx * dx + dy * dy + dz * dz
      local mag = dt / (d * sqrt(d))
      local bm, am = b.mass * mag, a.mass * mag
      a.vx = a.vx - dx * bm a.vy = a.vy - dy * bm a.vz = a.vz - dz * bm
      b.vx = b.vx + dx * am b.vy = b.vy + dy * am b.vz = b.vz + dz * am
    end
  end
  for i = 1, 5 do local b = bodies[i] b.x = b.x + dt * b.vx b.y = b.y + dt * b.vy b.z = b.z + dt * b.vz end
end
local started = os.clock()
for i = 1, ops / 10 do advance(0.001) end
local seconds = os.clock() - started
print(string.format('%.2f', seconds / ops * 1e9))
return ops
