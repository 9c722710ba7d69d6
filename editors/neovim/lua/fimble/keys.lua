-- Keys that act on a suggestion. Without a suggestion they keep their usual meaning.

local M = {}

-- The keys of GitHub's plug-in, except for the one that window systems reserve.
---@type table<fimble.Action, string|false>
local keys = {
  accept = "<Tab>",
  accept_word = "<M-Right>",
  accept_line = "<M-Down>",
  next = "<M-]>",
  previous = "<M-[>",
  dismiss = "<C-]>",
  suggest = "<M-\\>",
}

-- These actions also work while nothing is shown.
local ALWAYS = { next = true, previous = true, suggest = true }

---@param changes? table<fimble.Action, string|false>|false
function M.configure(changes)
  if changes == false then
    keys = {}
    return
  end
  for action, key in pairs(changes or {}) do
    if keys[action] == nil then
      local known = vim.tbl_keys(keys)
      table.sort(known)
      local message = "fimble has no key for `%s`. It has keys for: %s."
      vim.notify(message:format(action, table.concat(known, ", ")), vim.log.levels.WARN)
    else
      keys[action] = key
    end
  end
end

---@param bufnr integer
function M.attach(bufnr)
  -- Only once: a mapping that another plug-in has put over this one leads back here.
  if vim.b[bufnr].fimble_keys then
    return
  end
  vim.b[bufnr].fimble_keys = true
  for action, key in pairs(keys) do
    if key then
      M.map(bufnr, action, key)
    end
  end
end

---@param bufnr integer
---@param action fimble.Action
---@param key string
function M.map(bufnr, action, key)
  local before = M.find(vim.api.nvim_buf_get_keymap(bufnr, "i"), key)
  vim.keymap.set("i", key, function()
    local fimble = require("fimble")
    if not M.menu_is_open() and (ALWAYS[action] or fimble.visible()) then
      fimble[action]()
    else
      M.press(key, before or M.find(vim.api.nvim_get_keymap("i"), key))
    end
  end, { buffer = bufnr, desc = ("fimble: %s"):format(action:gsub("_", " ")) })
end

--- Runs a <Plug> mapping. Closes Neovim's menu first, because an open menu removes text that others insert.
---@param action fimble.Action
---@param name string The mapping's name.
function M.act(action, name)
  if vim.fn.pumvisible() == 0 then
    require("fimble")[action]()
    return
  end
  vim.api.nvim_feedkeys(vim.keycode(name), "im", false)
  vim.api.nvim_feedkeys(vim.keycode("<C-x><C-z>"), "in", false)
end

--- Returns whether Neovim's own completion menu or one of a plug-in is open.
---@return boolean
function M.menu_is_open()
  local blink, cmp = package.loaded["blink.cmp"], package.loaded["cmp"]
  return vim.fn.pumvisible() == 1
    or (blink ~= nil and blink.is_menu_visible())
    or (cmp ~= nil and cmp.visible())
end

---@param mappings vim.api.keyset.get_keymap[]
---@param key string
---@return vim.api.keyset.get_keymap?
function M.find(mappings, key)
  local code = vim.keycode(key)
  return vim.iter(mappings):find(function(mapping)
    return mapping.lhsraw == code or mapping.lhsrawalt == code
  end)
end

--- Runs `mapping`, or gives `key` its default meaning if there is no mapping.
---@param key string
---@param mapping? vim.api.keyset.get_keymap
function M.press(key, mapping)
  if not mapping then
    vim.api.nvim_feedkeys(vim.keycode(key), "in", false)
    return
  end
  -- The mapping gets a name of its own, because the key itself would lead back here.
  local name = "<Plug>(fimble-otherwise)"
  local copy = vim.tbl_extend("force", mapping, { lhs = name, lhsraw = vim.keycode(name) })
  copy.lhsrawalt = nil
  vim.fn.mapset(copy)
  vim.api.nvim_feedkeys(copy.lhsraw, "im", false)
end

return M
