-- The command `:Fimble`.

local server = require("fimble.server")
local status = require("fimble.status")
local switches = require("fimble.switches")

local M = {}

local SCOPES = { "everywhere", "language", "buffer" }

---@param message string
local function say(message)
  vim.notify(message, vim.log.levels.INFO)
end

---@param message string
local function warn(message)
  vim.notify(message, vim.log.levels.WARN)
end

---@param change fun(scope: fimble.Scope): boolean Returns whether fimble should be on.
---@return fun(scope?: string)
local function switch(change)
  return function(scope)
    scope = scope or SCOPES[1]
    if not vim.list_contains(SCOPES, scope) then
      local message = "fimble can be turned on or off for: %s. `%s` is not one of them."
      warn(message:format(table.concat(SCOPES, ", "), scope))
      return
    end
    ---@cast scope fimble.Scope
    local on = change(scope)
    switches.set(scope, on)
    local places = {
      everywhere = "everywhere",
      language = ("for %s"):format(server.language()),
      buffer = "in this buffer",
    }
    local message = ("fimble is turned %s %s."):format(on and "on" or "off", places[scope])
    local off = on and scope ~= "everywhere" and switches.why_off()
    say(off and ("%s But it is %s."):format(message, off) or message)
  end
end

local function show_models()
  local answer, problem = server.ask("fimble/models")
  if not answer then
    warn(problem or "fimble did not list its models.")
    return
  end
  local lines = {}
  for _, model in ipairs(answer.models) do
    local mark = model.name == answer.current and "*" or " "
    table.insert(lines, ("%s %s: %s"):format(mark, model.name, model.summary))
    if not model.installed and model.folder then
      table.insert(lines, ("    not installed: put its files into %s"):format(model.folder))
    end
  end
  table.insert(lines, "Choose a model with :Fimble model NAME, or a folder or .gguf file with :Fimble model PATH.")
  say(table.concat(lines, "\n"))
end

---@param name? string
local function choose_model(name)
  if not name then
    show_models()
    return
  end
  local path = vim.fs.normalize(name)
  server.change({ model = vim.uv.fs_stat(path) and vim.fn.fnamemodify(path, ":p") or name })
end

local function open_log()
  vim.cmd.split(vim.fn.fnameescape(server.log_path()))
  vim.cmd.normal({ "G", bang = true })
end

local function show_statistics()
  if not server.is_there() then
    return
  end
  local result = vim.system({ server.executable(), "stats" }, { text = true }):wait()
  if result.code ~= 0 then
    warn(result.stderr)
    return
  end
  vim.cmd.new()
  vim.bo.buftype, vim.bo.bufhidden, vim.bo.swapfile = "nofile", "wipe", false
  vim.api.nvim_buf_set_lines(0, 0, -1, false, vim.split(vim.trim(result.stdout), "\n"))
  vim.bo.modifiable = false
end

---@type table<string, fun(argument?: string)>
local commands = {
  status = function()
    say(status.sentence())
  end,
  enable = switch(function()
    return true
  end),
  disable = switch(function()
    return false
  end),
  toggle = switch(function(scope)
    return not switches.is_on(scope)
  end),
  model = choose_model,
  log = open_log,
  stats = show_statistics,
  restart = server.restart,
}

---@return string[]
local function names()
  local sorted = vim.tbl_keys(commands)
  table.sort(sorted)
  return sorted
end

---@param arguments string[]
function M.run(arguments)
  local name = arguments[1] or "status"
  local command = commands[name]
  if not command then
    warn(("fimble has no command `%s`. It has: %s."):format(name, table.concat(names(), ", ")))
    return
  end
  command(arguments[2] and table.concat(arguments, " ", 2))
end

---@param lead string
---@return string[]
local function models(lead)
  local answer = server.ask("fimble/models") or { models = {} }
  local found = vim.tbl_map(function(model)
    return model.name
  end, answer.models)
  local is_path = lead:find("^[~.]") or lead:find("/", 1, true)
  return is_path and vim.fn.getcompletion(lead, "file") or found
end

--- Returns the completions of the last word of the command line.
---@param line string
---@return string[]
function M.complete(line)
  local arguments = vim.split(line, "%s+")
  local lead = arguments[#arguments]
  local candidates = {}
  if #arguments == 2 then
    candidates = names()
  elseif arguments[2] == "model" then
    candidates = models(lead)
  elseif vim.list_contains({ "enable", "disable", "toggle" }, arguments[2]) then
    candidates = SCOPES
  end
  return vim.tbl_filter(function(candidate)
    return vim.startswith(candidate, lead)
  end, candidates)
end

return M
