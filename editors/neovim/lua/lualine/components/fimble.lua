-- A component for lualine.nvim: `sections = { lualine_x = { "fimble" } }`.

local Component = require("lualine.component"):extend()

---@return string
function Component:update_status()
  return require("fimble").statusline()
end

return Component
