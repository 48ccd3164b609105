-- reply(parts): a reply of several short parts is one text with a NUL between them, which no JSON has: clients take their time
-- for each part of a reply. A long one, which takes a script longer to put together, comes in its parts, as does one with a NUL
-- that other programs wrote.

local function reply(parts)
  local size = 0
  for i = 1, #parts do
    size = size + string.len(parts[i])
    if size > 1000 or string.find(parts[i], '\0', 1, true) then return parts end
  end
  return table.concat(parts, '\0')
end
