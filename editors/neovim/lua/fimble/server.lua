-- The server process: its settings, its status, and its restart after a crash.

local M = {
  --- The program to start, with the argument `lsp`.
  program = "fimble",
}

---@class fimble.ServerStatus
---@field health "ok"|"warning"|"error"
---@field quiescent boolean
---@field message? string

-- These are not per buffer, because there is one server.
local status ---@type fimble.ServerStatus?
local problems = {} ---@type string[]
local crashes = {} ---@type number[] The times of recent crashes, in seconds.
local has_crashed = false
local is_restarting = false
local has_complained = false

local CRASHES, SECONDS = 5, 180

---@param bufnr? integer If given, the client must serve this buffer.
---@return vim.lsp.Client?
function M.client(bufnr)
  return vim.iter(vim.lsp.get_clients({ name = "fimble", bufnr = bufnr })):find(function(client)
    return not client:is_stopped()
  end)
end

--- Returns the program, or the program of the user's own `cmd`.
---@return string
function M.executable()
  local cmd = (vim.lsp.config.fimble or {}).cmd
  return type(cmd) == "table" and cmd[1] or M.program
end

--- The server has its own log file, because Neovim puts the standard error of all servers into one log.
---@return string
function M.log_path()
  return vim.fs.joinpath(vim.fn.stdpath("log") --[[@as string]], "fimble.log")
end

--- Returns whether the program exists. Notifies the user once if it does not.
---@return boolean
function M.is_there()
  if vim.fn.executable(M.executable()) == 1 then
    return true
  end
  if not has_complained then
    has_complained = true
    local message = "fimble: there is no program `%s`. Put it on the PATH, or name its path: "
      .. 'require("fimble").setup({ program = "/path/to/fimble" })'
    -- Scheduled, because an error message in an autocommand ends the command that triggered it.
    vim.schedule(function()
      vim.notify(message:format(M.executable()), vim.log.levels.ERROR)
    end)
  end
  return false
end

--- Starts the process.
---@param dispatchers vim.lsp.rpc.Dispatchers
---@return vim.lsp.rpc.PublicClient
function M.spawn(dispatchers)
  vim.fn.mkdir(vim.fs.dirname(M.log_path()), "p")
  local on_exit = dispatchers.on_exit
  dispatchers.on_exit = function(code, signal)
    has_crashed = code ~= 0 or (signal ~= 0 and signal ~= 15)
    -- Hide the crash from Neovim. Its message would ask for ENTER, and that prompt would swallow a key the user types.
    on_exit(0, 0)
  end
  return vim.lsp.rpc.start({ M.program, "lsp", "--log-file", M.log_path() }, dispatchers)
end

--- Returns the current buffer's language, as the client tells the server.
---@return string
function M.language()
  local client = M.client(0)
  local filetype = vim.bo.filetype
  return client and client.get_language_id(0, filetype) or filetype
end

--- Returns the settings that Neovim sends.
---@return table
function M.settings()
  local source = M.client() or vim.lsp.config.fimble or {}
  return vim.tbl_get(source, "settings", "fimble") or {}
end

--- Changes settings until Neovim ends, for the running server and for servers started later.
---@param changes table
function M.change(changes)
  local settings = { fimble = changes }
  vim.lsp.config("fimble", { settings = settings })
  problems = {}
  local client = M.client()
  if client then
    client.settings = vim.tbl_deep_extend("force", client.settings, settings)
    client:notify("workspace/didChangeConfiguration", { settings = client.settings })
  end
end

--- Sends one of fimble's own requests and waits for the answer.
---@param method string
---@return table? answer
---@return string? problem
function M.ask(method)
  local client = M.client()
  if not client then
    return nil, "fimble is not running; :checkhealth fimble may say why."
  end
  local answer, problem = client:request_sync(method --[[@as any]], nil --[[@as any]], 2000)
  if not answer then
    return nil, ("fimble did not answer (%s); :Fimble restart may help."):format(problem)
  end
  return answer.result, answer.err and answer.err.message
end

--- Returns the latest status; nil before the first status and while no server runs.
---@return fimble.ServerStatus?
function M.status()
  return M.client() and status
end

---@return boolean
function M.says_it_is_off()
  return status ~= nil and status.message == "fimble is switched off"
end

--- Returns the warnings and errors since the last change of settings.
---@return string[]
function M.problems()
  return problems
end

--- Handles `experimental/serverStatus`.
---@param new fimble.ServerStatus
function M.on_status(_, new)
  status = new
  vim.api.nvim_exec_autocmds("User", { pattern = "FimbleStatus", modeline = false })
  vim.cmd.redrawstatus({ bang = true })
end

--- Handles `window/showMessage`.
---@param params lsp.ShowMessageParams
function M.on_message(_, params)
  local levels = { vim.log.levels.ERROR, vim.log.levels.WARN }
  if levels[params.type] then
    table.insert(problems, params.message)
  end
  local is_signed = vim.startswith(params.message, "fimble")
  vim.notify(is_signed and params.message or "fimble: " .. params.message, levels[params.type] or vim.log.levels.INFO)
end

---@param client_id integer
function M.on_exit(_, _, client_id)
  -- Read now: Neovim forgets the client and its buffers after this function.
  local client = vim.lsp.get_client_by_id(client_id)
  if not client then
    return
  end
  local buffers = vim.tbl_keys(client.attached_buffers)
  vim.schedule(function()
    status, problems = nil, {}
    if vim.v.exiting ~= vim.NIL then
      return
    end
    require("fimble.stand_in").attach(buffers)
    if is_restarting then
      is_restarting = false
      M.start(client, buffers)
    elseif has_crashed then
      M.start_after_crash(client, buffers)
    end
  end)
end

---@param client vim.lsp.Client
---@param buffers integer[]
function M.start_after_crash(client, buffers)
  local now = vim.uv.now() / 1000
  crashes = vim.tbl_filter(function(time)
    return now - time < SECONDS
  end, crashes)
  table.insert(crashes, now)
  if #crashes >= CRASHES then
    -- Short, so that Neovim does not ask for ENTER; see `spawn`.
    local message = "fimble crashed %d times and stays off: see :Fimble log, :Fimble restart"
    vim.notify(message:format(CRASHES), vim.log.levels.ERROR)
    return
  end
  -- After 1, 2, 4, … seconds.
  vim.defer_fn(function()
    M.start(client, buffers)
  end, 1000 * 2 ^ (#crashes - 1))
end

--- Starts a server with the configuration of `client` for `buffers`.
---@param client vim.lsp.Client
---@param buffers integer[]
function M.start(client, buffers)
  local config = vim.tbl_extend("force", client.config, { settings = client.settings })
  for _, bufnr in ipairs(buffers) do
    if vim.api.nvim_buf_is_loaded(bufnr) then
      vim.lsp.start(config, { bufnr = bufnr, reuse_client = config.reuse_client })
    end
  end
end

--- Restarts the server, or starts it if it is not running.
function M.restart()
  crashes = {}
  local client = M.client()
  if not client then
    has_complained = false
    vim.lsp.enable("fimble")
    return
  end
  is_restarting = true
  client:stop()
  vim.defer_fn(function()
    if vim.lsp.get_client_by_id(client.id) then
      client:stop(true)
    end
  end, 2000)
end

return M
